"""What a page says to its readers rather than of its subject: subscribe, read also, whose opinion it is, whose rights.

Each is told by what must come together in it (what is asked and of what, whose view and what it is not), in the
languages read here, so that a headline with one of the words is none. Notes with nothing but an address are here too.
"""

from __future__ import annotations

import re

_MAX_CHARACTERS = 200


def _together(*words: str) -> str:
    """All of these in one line, in any order."""
    return "".join(f"(?=.*?(?:{word}))" for word in words)


_ASKS = "|".join(
    [
        # What is asked opens a clause: "Farmers here support the dam" asks nothing, and "the US" is nobody here.
        r"(?=(?:.*[.!?:|–—]\s*)?(?:please |to |you can |you may )?"
        r"(?:subscribe|sign up|sign in|follow|join|donate|register|support|unsubscribe)\b)"
        + _together(
            r"\b(?:newsletters?|channel|telegram|whatsapp|inbox|mailing list|briefing|alerts|apps?|updates|here"
            r"|(?-i:[Uu]s)|(?:our|independent) (?:work|journalism|reporting))\b",
            r"\b(?:our|(?-i:[Uu]s)|your|my|you|here|now|free)\b",
        ),
        _together(
            r"\b(?:abonnez|inscrivez|suivez|rejoignez|soutenez|téléchargez|retrouvez|recevez|désabonne[rz])\b",
            r"\b(?:nous|notre|nos|vous|ici|newsletter|infolettre|lettre|chaîne|application)\b",
        ),
        _together(
            r"\b(?:abonnieren|folgen|unterstützen|melden|laden|bestellen)\s+sie\b|\babbestellen\b|\babonniere\b",
            r"\b(?:newsletters?|kanal|uns|unser\w*|hier|app|telegram|whatsapp|sich)\b",
        ),
        _together(
            r"\b(?:подпи(?:шитесь|сывайтесь|саться)|следите|читайте|присоединяйтесь|поддержите|скачайте|отписаться)",
            r"\b(?:канал\w*|рассылк\w*|нас|наш\w*|нам|здесь|telegram|телеграм\w*|дзен\w*|вконтакте|приложени\w*)",
        ),
        _together(
            r"(?:اشترك|للاشتراك|الاشتراك|تابعوا|تابعونا|تابعنا|انضم|لمتابعة|اضغط|إلغاء)",
            r"(?:النشرة|نشرتنا|قناتنا|قناة|تطبيق|تلغرام|تليغرام|تيليجرام|واتساب|تويتر|فيسبوك|هنا|صفحتنا|الرابط)",
        ),
        _together(
            r"\b(?:abone ol|takip ed|katılın|destek olun|tıklayın|kaydol|indirin|abonelikten)",
            r"\b(?:bülten|kanal|telegram|whatsapp|bizi|bize|uygulama|buraya|burada|çık)",
        ),
        _together(
            r"(?:բաժանորդագրվ|հետևե|միացե|աջակցե|ներբեռնե)",
            r"\b(?:ալիք|տեղեկագր|մեզ|մեր\b|տելեգրամ|telegram|էջ|հավելված)",
        ),
    ]
)
_WHOSE_VIEW = "|".join(
    [
        _together(
            r"\b(?:views?|opinions?|positions?)\b",
            r"\b(?:authors?|writers?|columnists?|contributors?|editors?|publishers?|newspaper|own|theirs?)\b",
            r"\b(?:do(?:es)? not (?:\w+ )?(?:reflect|represent)|not responsible|responsible for|belong"
            r"|are (?:those|the|his|her|their|solely))\b",
        ),
        _together(
            r"\b(?:opinions?|propos|points? de vue|tribune|contenus?)\b",
            r"\b(?:auteure?s?|autrices?|signataires?|rédaction)\b",
            r"\b(?:engage\w*|reflèt\w+|représent\w+|appartien\w+|expriment|exprimée?s)\b",
        ),
        _together(
            r"\b(?:meinung\w*|ansicht\w*|beiträge|beitrag|kommentare?)\b",
            r"\b(?:autor\w*|verfasser\w*|redaktion|herausgeber\w*)\b",
            r"\b(?:wieder|entspr\w+|spiegel\w*|deck\w+|übereinstimm\w+|verantwort\w+)\b",
        ),
        _together(
            r"\bмнени[еяй]\b",
            r"\b(?:автор\w*|редакци\w+)",
            r"\b(?:совпада\w+|отража\w+|ответствен\w+)|не раздел",
        ),
        _together(
            r"(?:الآراء|آراء|المقال|المقالات|وجهات? النظر|ما ورد|ما يرد)",
            r"(?:تعبر|يعبر|تعبّر|يعبّر|تعكس|يعكس|تمثل|يمثل|مسؤولية)",
            r"(?:كاتب|كاتبها|كاتبه|كاتبته|أصحاب|صاحب|الموقع|الصحيفة|التحرير)",
        ),
        _together(r"(?:görüş|yazı)", r"(?:yazar|gazete|yayın)", r"(?:\bait|yansıt|sorumlu|bağla)"),
        _together(r"(?:կարծիք|տեսակետ)", r"(?:հեղինակ|խմբագր)", r"(?:համընկ|արտահայտ|պատասխանատ|արտացոլ)"),
    ]
)
_ELSEWHERE = (
    r"\W*(?:lesen sie (?:auch|mehr|dazu|hier)|mehr zum thema|auch interessant|das könnte sie|"
    r"weitere (?:artikel|meldungen)|"
    r"voir aussi|à voir aussi|sur le même sujet|lire la suite|pour aller plus loin|"
    r"читать (?:также|далее|ещ[её])|(?:материалы )?по теме\b|смотрите также|ещ[её] по теме|"
    r"شاهد أيضا|اقرأوا|إقرأ|أخبار ذات صلة|ayrıca oku|ilgili (?:haber|yazı|içerik)|bunları da|devamını oku|"
    r"կարդացեք նաև|կարդալ ավելին|նույն թեմայով|"
    r"continue reading\b|full (?:story|text|article) (?:at|on|here)\b|"
    r"if you cannot (?:read|see|view)\b|view (?:this|it) (?:e-?mail )?(?:in|online)\b|"
    r"you (?:receive|are receiving) this\b|"
    r"to unsubscribe\b|unsubscribe\b|(?:this|the) (?:article|story|piece|text|post) (?:was|is|has been) "
    r"(?:(?:first|originally) published|reprinted|republished|translated|shortened)\b|"
    r"this (?:article|story|piece|text|post) (?:was|is|has been) published\b|"
    r"re(?:printed|published) (?:with|by|from)\b|(?:up )?next(?: week| issue| time)?\s*:\s|translated (?:by|from)\b)"
)
_RIGHTS = (
    r".*(?:all rights reserved|tous droits réservés|alle rechte vorbehalten|все права защищены|"
    r"(?:جميع|كل|كافة) الحقوق محفوظة|tüm hakları saklıdır|բոլոր իրավունքները)"
)
_FED = r"the (?:post|article|story) .{5,160} (?:appeared|was (?:first )?published) (?:first )?(?:on|in) "
_APPEAL = re.compile(rf"^(?:{_ASKS}|{_WHOSE_VIEW}|{_ELSEWHERE}|{_RIGHTS}|{_FED})", re.IGNORECASE)
_ADDRESS = r"<?(?:https?://|www\.)[^\s<>]+>?(?:\s*[(\[][^()\[\]]{1,30}[)\]])?"
_NOTE = re.compile(
    rf"^(?:[(\[]?(?:\d{{1,3}}|[*†‡]+|[¹²³⁴⁵⁶⁷⁸⁹⁰]+)[)\]]?\s*[:.]?\s*|"
    rf"[^\W\d_]+(?: [^\W\d_]+){{0,2}}\s?[:：]\s*){_ADDRESS}$",
    re.IGNORECASE,
)


def is_appeal(text: str) -> bool:
    """Whether a short line speaks to the readers of a page, or says whose view or right the article is.

    >>> [is_appeal(line) for line in ("Follow us on Telegram", "Alle Rechte vorbehalten", "Union follows its leader")]
    [True, True, False]
    """
    return len(text) <= _MAX_CHARACTERS and _APPEAL.match(text) is not None


def is_note(text: str) -> bool:
    """Whether a line is a note that holds nothing but an address: "[1]: https://paper.example/1 (link)".

    >>> is_note("[1]: https://paper.example/1 (link)"), is_note("Quelle: https://paper.example/1")
    (True, True)
    """
    return _NOTE.match(text) is not None
