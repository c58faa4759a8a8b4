"""QR codes as SVG, drawn on the server: no script, sharp on paper and in a mail.

It must not know what a code opens.
"""

import segno
from markupsafe import Markup

from restante.access import Secret


def draw_qr(text: Secret[str]) -> Markup:
    """Draw a QR code that fills the element around it, dark on whatever stands behind.

    Error correction M: a fifth of a thumbed or cracked screen may be missing.
    """
    drawing = segno.make(text.reveal(), error="m", micro=False)
    return Markup(drawing.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass="qr-line"))  # noqa: S704 - segno escapes nothing because nothing of the text is in the drawing
