"""The sandbox is as strict as the services it stands for: over real HTTP, through aiogram's own client."""
