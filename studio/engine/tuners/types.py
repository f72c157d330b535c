"""Make PEFT know types of our own: its list of types is an enum, which is closed."""

from typing import Any

from peft import PeftType
from peft.utils import register_peft_method


def register(name: str, config: type, model: type[Any]) -> None:
    """Add a type to PEFT and register it, as PEFT's own methods do at import."""
    _add_type(name.upper())
    register_peft_method(name=name, config_cls=config, model_cls=model, prefix=model.prefix)


def _add_type(name: str) -> None:
    """Add a member to PeftType, which register_peft_method demands before it takes a method."""
    member = str.__new__(PeftType, name)
    member._name_ = name
    member._value_ = name
    PeftType._member_names_.append(name)
    PeftType._member_map_[name] = member
    PeftType._value2member_map_[name] = member
    type.__setattr__(PeftType, name, member)
