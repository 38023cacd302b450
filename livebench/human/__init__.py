"""Human evaluation: blind sheets for raters, and what their ratings say."""
