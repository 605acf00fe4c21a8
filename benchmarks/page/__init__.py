"""How fast the page answers: 2,048 channels in a real JupyterLab and browser."""
