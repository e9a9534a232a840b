"""Who and what is named, who said what, where it comes from, in what tone."""
