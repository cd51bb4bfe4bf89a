"""What comes in: updates, the gateway's reports, page views. Each handler calls one use case."""
