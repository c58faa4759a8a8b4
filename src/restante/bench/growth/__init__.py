"""Whether anything gets dearer as a network grows: `restante bench growth`."""
