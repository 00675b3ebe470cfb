"""The pure core: attachment, appraisal, affect, strategy. No I/O, model, clock or framework."""
