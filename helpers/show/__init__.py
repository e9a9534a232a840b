"""From numbers to what a person sees: charts, concordance, forms, the desk."""
