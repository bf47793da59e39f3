"""The attack suite, one file a family: what each attack builds from what it hears, and how it learns.

An `AttackMethod` sees an `Eavesdropping` alone: what goes into the transmitter and what comes out of the eavesdropper's
equaliser, on surrogate images. A scenario may list one from outside of the package as `module:NAME`.
"""
