"""The sandbox is as strict as what it stands for: over real HTTP, through aiogram's own client."""
