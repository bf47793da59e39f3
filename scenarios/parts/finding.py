"""Finding a part of a simulation: a shipped one by its name, one from outside of the package as module:NAME."""

import difflib
import hashlib
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from diffsem.link import InputError, shortened
from diffsem.scenarios.parts.outside import imported

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Source:
    """Where a part from outside of the package comes from.

    Parameters
    ----------
    reference : str
        module:NAME
    file : Path or None
        Of its module, whose code may change from one run to the next; None of one that has no file.
    """

    reference: str
    file: Path | None

    def sha256(self) -> str:
        """SHA-256 of the file; of no file, of nothing. Raises OSError if it cannot be read."""
        return hashlib.sha256(self.file.read_bytes() if self.file else b"").hexdigest()


@dataclass(frozen=True)
class Found(Generic[Kind]):
    """A part, and where it comes from; None: from the package itself."""

    part: Kind
    source: Source | None = None


def is_outside(name: str) -> bool:
    """Whether a name is that of a part from outside of the package, module:NAME."""
    return ":" in name


def shipped_parts(package: ModuleType, attribute: str) -> list:
    """What the modules of a package declare under a name, module after module in the order of their names.

    A module whose file is deleted takes its parts with it, and nothing else. A package within declares those of its own
    modules, and stands behind the others.
    """
    there = sorted(pkgutil.iter_modules(package.__path__), key=lambda module: (module.ispkg, module.name))
    modules = (import_module(f"{package.__name__}.{module.name}") for module in there)
    return [part for module in modules for part in getattr(module, attribute, ())]


def find_part(name: str, shipped: Mapping[str, Kind], kind: type[Kind], where: str) -> Found[Kind]:
    """A part by name.

    Parameters
    ----------
    name : str
        A shipped part's name, or module:NAME of an object of the same kind.
    shipped : mapping of str to part
    kind : type
    where : str
        Key of the scenario, for errors.

    Raises
    ------
    InputError
        If there is no such part, with the nearest name there is; or its module cannot be imported, or holds something
        else.
    """
    if not is_outside(name):
        check_known(name, shipped, where)
        return Found(shipped[name])
    part = imported(name, where)
    if not isinstance(part, kind):
        raise InputError(f"{where}: {name}: is {type(part).__name__}; allowed: diffsem.scenarios.{kind.__name__}")
    file = getattr(sys.modules.get(name.partition(":")[0]), "__file__", None)
    return Found(part, Source(name, Path(file) if file else None))


def check_known(name: str, known: Iterable[str], where: str, or_outside: bool = True) -> None:
    """Raises InputError if a name is not known, with the nearest one that is, and whether module:NAME could be one."""
    known = list(known)
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint, then = (f"did you mean {near[0]}?", " One") if near else (f"allowed: {', '.join(known)}", "; one")
    own = f"{then} of your own is written module:NAME" if or_outside else ""
    raise InputError(f"{where}: {shortened(name)}: unknown; {hint}{own}")


def check_name(name: object, shipped: Iterable[str], source: Source, where: str) -> None:
    """Raises InputError if a part from outside has a name that is taken, or that cannot be part of a file's name."""
    if not isinstance(name, str) or name in shipped or not _can_name_a_file(name):
        raise InputError(
            f"{where}: {source.reference}: its name {name!r} is a shipped one's, empty, or holds a +, a dot or a slash"
        )


def _can_name_a_file(name: str) -> bool:
    return name != "" and name.isprintable() and not set(name) & set("+./\\")
