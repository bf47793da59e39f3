"""Numbers that somebody typed into a template's prose."""

import re

# What is no prose: Jinja's own marks, code, and addresses.
NO_PROSE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|```.*?```|`[^`]*`|\]\([^)]*\)|<!--.*?-->", re.DOTALL)
# Parameters and names, none of which a run could change.
PARAMETERS = (
    r"\bt (=|<=|>=|from|up to) \d+(?:(?:, | and | or | to |, and )\d+)*",
    r"\b(?:at|of|by|from|to) \d+ steps\b",
    r"-?\d+(?:(?:, | and | or | to )-?\d+)* dB on (?:both links|average)",
    r"\b(?:[Aa]t|up to|SNR|of) -?\d+(?:(?:, | and | or | to )-?\d+)* dB",
    r"\bESNR\)? (?:is|crosses) 0 dB",
    r"\bFig\. \d+(?:(?:, | and | to )\d+)*",
    r"\beq\. \d+(?:(?:, | and | to )\d+)*",
    r"\b95% intervals?",
    r"\b95% Wilson intervals?",
    r"\b(?:from|without|above|below) 0\b",
    r"\bfrom -?\d+ dB (?:up|on)\b",
    r"\bEs/N0\b",
    r"\bfloat32\b",
    r"\barXiv:\d+\.\d+",
    r"\bCIFAR-10\b",
    r"\b(?:8 x 8|28 x 28|32 x 32)\b",
    r"\bDPM-Solver\+\+(?: \d+)?|\bDPM-Solver\+\+\(2M\)",
    r"\bDDIM \d+\b",
    r"\bGoel and Negi, 2008\b",
    r"\b(?:16|64|256)-QAM\b|\brate 1/2\b|\b5G\b|\bChaCha20\b",
    r"\b99% intervals?",
    r"\b(?:1 x 2|2 x 2)\b|\bTR 38\.901\b",
)
ALLOWED = re.compile("|".join(f"(?:{pattern})" for pattern in PARAMETERS))
DIGIT = re.compile(r"\S*\d\S*")


def typed_numbers(template: str) -> list[str]:
    """Words of a template's prose that hold a digit which no expression wrote.

    Steps t, SNRs of a sweep, equations and figures of the paper, and names are allowed.

    Returns
    -------
    list of str
        "LINE: WORD".
    """
    prose = NO_PROSE.sub(_blank, template)
    prose = ALLOWED.sub(_blank, prose)
    return [
        f"{number}: {word}"
        for number, line in enumerate(prose.splitlines(), 1)
        for word in DIGIT.findall(re.sub(r"^\s*\d+\. ", "", line))
    ]


def _blank(found: re.Match) -> str:
    """As many lines as before, with nothing on them."""
    return " " + "\n" * found[0].count("\n")
