"""The ground floor: what every package uses and what needs none of them."""
