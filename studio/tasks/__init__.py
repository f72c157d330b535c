"""The shelf of tasks: one file here is one task type, with a `TASK` that keeps tasks/task.py.

tasks/shelf.py finds them. torch is imported inside the functions that the engine calls.
"""
