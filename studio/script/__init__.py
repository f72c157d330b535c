"""A run as a plain Python script of transformers and peft, which knows nothing of this program."""

from studio.script.compose import script

__all__ = ["script"]
