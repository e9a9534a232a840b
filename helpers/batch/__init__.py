"""Many runs of notebooks, one report."""
