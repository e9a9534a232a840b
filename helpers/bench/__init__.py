"""Speed, memory and safety, measured; what each hand rule is worth."""
