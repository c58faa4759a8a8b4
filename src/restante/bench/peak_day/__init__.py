"""The busiest hour of a whole network: `restante bench peak-day`."""
