"""What the chat widget costs a website and its visitors."""
