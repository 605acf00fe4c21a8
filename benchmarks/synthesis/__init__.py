"""Activation maximisation beside lucent, on networks whose channels' natural maxima are known."""
