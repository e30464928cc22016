"""The action server: thin adapters between Rasa's dialogue and the use cases of the service."""
