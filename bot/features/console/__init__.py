"""The admin console: what admins see and do in the Mini App."""
