"""Who may come in, and as whom. Pure: values in, a refusal or nothing out."""
