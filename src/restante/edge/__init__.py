"""One locker's controller: it decides alone, writes first and acts then.

``controller`` is the loop, ``store`` what is kept on its disk, ``boards`` the locks, ``kiosk``
the screen. It must not know the centre's rooms, a database server, nor who a recipient is: it
holds pseudonyms, verifiers and public keys only.
"""
