"""Pages and links that the site makes besides reading files: of the package and its commands."""
