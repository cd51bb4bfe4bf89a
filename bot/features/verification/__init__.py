"""A person proves their phone by a call: contact, number, call, confirmation."""
