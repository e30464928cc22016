"""The channels: each brings messages to the gateway and its replies back."""
