"""Finetune Studio: fine-tune a model on your own computer, without writing code.

Layers, top to bottom; imports only point down and siblings do not know each other
(held by import-linter, see pyproject.toml):

    __main__ > app > cli | ui | engine > flow > script > survey
    > estimate > runs > methods | formats | tasks | exports > rows > models > recipe
    > settings | hardware | shelf > errors > words > paths
"""

__version__ = "0.1.0"
