"""The Telegram role: a bot in front of the gateway, by polling or by webhook. One process of it serves all chats."""
