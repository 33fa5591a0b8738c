"""What the site makes besides reading files: pages of the package and of its commands, links."""
