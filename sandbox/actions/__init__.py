"""What can happen in the world, whoever does it: state changes, their events and their record."""
