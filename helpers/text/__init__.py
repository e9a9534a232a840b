"""One article cut up: blocks, sentences, quotations, furniture."""
