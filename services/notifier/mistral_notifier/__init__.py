"""The notifier: tells the outside what happened."""
