"""Values of the script as Python writes them."""

import json
from typing import Any

_WIDTH = 80


def literal(value: Any) -> str:
    """Return a value as Python writes it; long lists and tables go over several lines."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        items = [f"{literal(key)}: {literal(one)}" for key, one in value.items()]
        left, right = "{", "}"
    elif isinstance(value, list):
        items, left, right = [literal(one) for one in value], "[", "]"
    else:
        return repr(value)
    short = left + ", ".join(items) + right
    if len(short) <= _WIDTH:
        return short
    return left + "".join(f"\n    {item}," for item in items) + f"\n{right}"
