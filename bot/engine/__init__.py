"""The engine: everything that runs inside Rasa 3.6 on Python 3.10.

Only this folder may import `rasa`, and it imports nothing of the rest of `bot`.
"""
