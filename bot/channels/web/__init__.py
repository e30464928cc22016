"""The web role: chat API, client page, staff API and console. The only one that faces the internet."""
