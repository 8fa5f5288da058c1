"""What pages, databases, wires, messengers and mails print around an article: told by form, never by whose it is.

Four sorts matter to a splitter. What stands above a headline (breadcrumbs, a section, an agency's slug) opens an
article; what a database notes below it (number of words, page, language, copyright) belongs to its head; furniture
(share bars, appeals, view counts) stands anywhere; and a closing record (a document number, "(END)", an agency's
sign-off) ends an article for certain.
"""

from __future__ import annotations

import re

from rag.articles.dates import find_date
from rag.articles.names import is_name, is_outlet, is_reference

FURNITURE = re.compile(
    r"^\W*(?:share(?: this)?\b|tweet\b|follow us|like us|donate|support (?:our|us|independent)|"
    r"subscribe|sign up|newsletter|"
    r"advertisement|sponsored|related(?:\s*(?:news|articles|posts|stories|links))?\b\W*|read (?:more|"
    r"also|next|all)|see also|"
    r"more (?:from|on|news)|recommended|comments?\b|leave a (?:reply|comment)|print (?:this|page)|"
    r"(?:view|show|read|load|see) (?:all )?(?:the )?comments|join the (?:conversation|discussion)|"
    r"email this|copyright|©|\(c\)|"
    r"all rights reserved|tags?\s*:|categories\s*:|filed under|previous post|next post|scroll to top|"
    r"back to top|"
    r"click here|download|watch\s*:|also read|source link|originally published|this article (?:was|"
    r"first|originally)|"
    r"most (?:read|viewed|popular|shared)\W*$|explore more\b|contact us\b|terms of (?:use|service)\b|"
    r"privacy policy\b|topics\W*$|you (?:might|may) also like|do you know more\b|got a tip\b|"
    r"copy link|listen\s*\(|"
    r"(?:turn|continued|see|more) (?:to|on|from)? ?page\b|more \w+: pages?\b|"
    r"partager|lire aussi|à lire|abonnez-vous|поделиться|читайте также|подпис(?:ывайтесь|аться)|شارك|اشترك|"
    r"فيديوات متعلقة|مقالات متعلقة|مواضيع ذات صلة|اقرأ أيض|اقرأ المزيد|اقرأ كذلك|paylaş)",
    re.IGNORECASE,
)
_LIST_FOLLOWS = re.compile(
    r"^\W*(?:related(?:\s+\w+)?|most (?:read|viewed|popular|shared)|read (?:more|also|next)|see also|"
    r"more (?:from|on)\b.*|"
    r"you (?:might|may) also like|recommended(?: for you)?|lire aussi|читайте также|اقرأ أيضا)\W*$",
    re.IGNORECASE,
)
_READERS_DO = (
    r"(?:views?|reads?|shares?|likes?|comments?|repl(?:y|ies)|reactions?|retweets?|reposts?|bookmarks?|upvotes?|vues?|partages?|"
    r"commentaires?|kommentare?|просмотр(?:а|ов)?|комментари(?:й|я|ев)|мнени[йяе]|تعليق(?:ات)?|مشاهد(?:ة|ات)|yorum)"
)
_COUNTED = re.compile(
    rf"^\W*(?:{_READERS_DO}|(?:عدد )?(?:المشاهدات|التعليقات|القراءات))\W{{0,3}}[\d.,]+\s?[kmк]?\W*$|"
    rf"^\W*(?:[\d.,]+\s?(?:[kmк]|тыс\.?|млн|mille|ألف)?|no)\s{_READERS_DO}(?:\W+(?:[\d.,]+\s?[kmк]?\s)?{_READERS_DO})*\W*$|"
    r"^(?:#\w+\s*)+$|^(?:[^\w\s.,;:!?()\[\]\"'«»“”#*_+=/\\|–—-]+\s*[\d.,]+(?:\s?[kmк])?\s*)+$",
    re.IGNORECASE,
)
"""What readers did, counted: "12 comments", "Views: 1,204", and a row of signs with a number each."""
_SHARE_BAR = re.compile(
    r"^(?:(?:share|tweet|e-?mail|print|save|copy link|facebook|twitter|x|whatsapp|telegram|linkedin|viber|messenger|"
    r"pinterest|reddit|vk|pdf)\b\W*){2,}$",
    re.IGNORECASE,
)
_REGARDS = re.compile(
    r"^(?:(?:with )?(?:best|kind|kindest|warm)(?: (?:regards|wishes))?|regards|cheers|sincerely|yours|many thanks|"
    r"cordialement|bien à vous|с уважением|مع التحية)\s*,?$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^(?:dear|hi|hello|good (?:morning|evening)|morning|bonjour|chers|guten (?:morgen|tag)|liebe|уважаемые|"
    r"доброе утро|здравствуйте|السادة|الزملاء|تحية)\b.{0,40}[,!:،]$",
    re.IGNORECASE,
)
_WRITE_TO = re.compile(
    r"^\(\(.{5,90}\)\)$|^[^.!?]{0,60}\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\)*$|^[^.!?]{0,60}(?<!\w)@\w{3,40}$"
)
_FOLIO = re.compile(
    r"^(?:.{0,80}\b(?:page|p\.|seite|blatt|página|pagina|sayfa|страница|стр\.|صفحة)|\S.{1,80}\s{3,})\s*"
    r"\d{1,3}\s*(?:/|of|von|de|sur|из|من)\s*\d{1,3}\W*$",
    re.IGNORECASE,
)
_PAGE_NAME = re.compile(
    r"^(?:\d{1,3}\s*[|•·]\s*(?P<a>[^|.!?\d]{2,40})|(?P<b>[^|.!?\d]{2,40}?)\s*[|•·]\s*\d{1,3})$"
)
"""The feet of pages: what is printed, and the page's number."""
_MENU = re.compile(
    r"^(?=.*\b(?:news|sports?|weather|log ?in|sign in|newsletters?|subscribe|e-?edition|menu|search|obituaries)\b)"
    r"[^\s.,;:!?](?:[^.,;:!?\s]| (?! )){0,30}(?:\s{3,}[^.,;:!?\s](?:[^.,;:!?\s]| (?! )){0,30}){2,}$",
    re.IGNORECASE,
)
"""The menu of a copied page, its entries far apart."""
_COOKIES = re.compile(
    r"^(?:we\b|our\b|this (?:web)?site\b|by (?:using|continuing)\b)[^\n]{0,60}\bcookies\b[^\n]{0,120}$",
    re.IGNORECASE,
)
"""A page's notice above its title."""
_EDITION = re.compile(
    r"\b(?:no\.?|nr\.?|vol\.?|issue|edition|est(?:ablished|\.)|founded|price)\s*:?\s*\S{0,3}\d|№\s*\d",
    re.IGNORECASE,
)
_SKIP = re.compile(r"^(?:skip|jump) to (?:main |the )?(?:content|navigation|article)\W*$", re.IGNORECASE)
_CRUMBS = re.compile(
    r"^Home(?: [/|] [^.!?/|]{2,40}){1,5}$|^[^.!?>›»→|]{2,40}(?:\s[>›»→]\s[^.!?>›»→|]{2,40}){1,5}$"
)
SECTION = re.compile(
    r"(?:(?:world|us|uk|eu|home|local|politics|business|economy|markets|finance|sports?|opinions?|culture|science|tech|"
    r"technology|travel|health|life|style|arts|courts?|crime|education|environment|transport|regional|national|"
    r"international|society|features|comment|news|latest|breaking|live|blogs?|video|and|&)\s*)+",
    re.IGNORECASE,
)
"""A section's name, of one word or several: beside a title or an outlet it names nothing."""
_OVERLINE = re.compile(
    r"^(?:world|local|politics|business|economy|markets|finance|sports?|opinion|culture|science|technology|health|"
    r"comment|exclusive|breaking(?: news)?|analysis|essay|editorial|feature|interview|investigation|explainer|"
    r"fact check|long read|obituary|letters|exclusif|analyse|entretien|tribune libre|эксклюзив|мнение|интервью|"
    r"رأي|تحليل|حصري|مقابلة)\W*$",
    re.IGNORECASE,
)
_SLUG = re.compile(
    r"^[a-z]\d{3,5} [A-Z][\w /-]{2,40}$|^[A-Z]{2,}(?:-[A-Z][\w']*){2,5}$|^[A-Z]{2,5}\d{3,5}\b[\w /-]{0,40}$"
)
SLUG_GOES_ON = re.compile(r"^[A-Z][\w']*(?:-[A-Z][\w']*){1,4}$")
"""The second line of a slug, below the first."""
_RECORD = re.compile(
    r"^(?:(?:length\s*:\s*)?\d[\d.,]*\s(?:words|mots|wörter|слов[ао]?|palabras|kelime|كلمة)|"
    r"(?:english|french|german|spanish|russian|arabic|turkish|italian|portuguese|ukrainian|persian|"
    r"français|deutsch|español|русский|العربية|türkçe)|section\s*:\s.{2,60}|body)$",
    re.IGNORECASE,
)
"""What a database notes; "Section: NEWS; Pg. 3" and "Body" are those of one that labels its fields."""
_PERIOD = re.compile(
    r"^(?:(?:spring|summer|autumn|fall|winter|printemps|été|automne|hiver|frühjahr|frühling|sommer|herbst|"
    r"весна|лето|осень|зима|ربيع|صيف|خريف|شتاء)(?:\s*[/–-]\s*\w+)?,?\s+(?:19|20)\d\d)"
    r"(?:\s*[,|·]?\s+(?:pages?|pp?\.|seite|s\.)\s*\d{1,3})?$",
    re.IGNORECASE,
)
"""When a quarterly appeared, which is no day: "Summer 2021", with its page."""
_KEPT = re.compile(
    r"^(?:saved|bookmarked|archived|clipped|captured|exported|downloaded|accessed|retrieved|scanned|added|"
    r"enregistré|sauvegardé|consulté|gespeichert|abgerufen|сохранено|добавлено|дата обращения|حفظ في|kaydedildi)"
    r"\s*(?:on|at|le|am|:)?\s*(?:[^\W\d_]+,?\s+)?\d[^.!?]{0,90}$",
    re.IGNORECASE,
)
"""When a reader put an article by, with his tags: it dates nothing."""
_CLOCK = re.compile(
    r"^(?:(?:begins?|began|starts?|started|ends?|ended|beginn|ende|début|fin|начало|конец|окончание|البداية|النهاية|"
    r"başlangıç|bitiş)\W+(?:at |à |um |в )?)?"
    r"(?:\d{1,2}[:h]\d{2}(?::\d{2})?(?:\s?(?:[ap]\.?m\.?|uhr|h))?|\d{1,2}\.\d{2}\s?(?:[ap]\.?m\.?|uhr))"
    r"(?:\s(?:gmt|utc|[ecmp][ds]t|c?es?t|bst|ist|msk))?\W*$",
    re.IGNORECASE,
)
"""An hour alone, or the hour at which something began or ended."""
WORDS = re.compile(r"^(?:length\s*:\s*)?\d[\d.,]*\s\w+$")
CODE = re.compile(r"^[A-Z][A-Z0-9]{2,9}$")
"""The short name a database gives an outlet."""
COPYRIGHT = re.compile(r"^(?:©|\(c\)|copyright\b)", re.IGNORECASE)
_CLOSES = re.compile(
    r"^(?:(?i:document|doc|article|record|accession)\s*(?i:id|no\.?|number)?\s*[:#]?\s*(?=\S*\d)[A-Za-z0-9-]{8,}|"
    r"(?i:end of document|load-date\s*:.*|(?:document )?\d+ of \d+ documents?)|"
    r"\(END\).{0,50}|-\s?30\s?-|END|\d\d-\d\d-\d\d \d{4} ?[A-Z]{2,4}|.{0,30}\b\d{6} (?:GMT|UTC) [A-Z]{3} \d\d)$"
)
_STAMP = re.compile(
    r"^(?P<name>[^\[\]]{2,60}?),?\s+\[(?P<when>[^\[\]]*\d[^\[\]]*\b\d{1,2}:\d\d[^\[\]]*)\]:?$"
)
_FORWARDED = re.compile(
    r"^\W{0,3}(?:forwarded (?:message )?from|переслано (?:из|от)|transféré (?:de|depuis)|محول من|معاد توجيهه من)"
    r"\s*:?\s+(?P<name>[^\[\]]{2,60}?)[^\w)]?$",
    re.IGNORECASE,
)
MAIL_FIELD = re.compile(
    r"^(?:from|to|cc|bcc|subject|sent|de|à|objet|от|кому|тема|من|إلى|الموضوع)\s*:\s+\S", re.IGNORECASE
)
SUBJECT = re.compile(
    r"^(?:subject|objet|тема|الموضوع)\s*:\s+(?:(?:re|fwd?|aw|tr)\s*:\s*)*(?P<subject>\S.*)$", re.IGNORECASE
)
_NAMES_ITSELF = re.compile(
    r"\b(?:press (?:review|cuttings|clippings|digest|summary|survey)|news (?:digest|summary|roundup)|round-?up|"
    r"(?:overnight|morning|evening) (?:wires|reading|review|digest)|cuttings|clippings|compiled|search summary|"
    r"results found|search results|results \d+\s?[-–]\s?\d+ of \d+|morning note|"
    r"media (?:review|summary|digest|monitoring|coverage)|job number|review of the press|today'?s papers|"
    r"(?:press|news) clips|clips of|(?:press )?coverage report|"
    r"revue de presse|compilée?|presseschau|pressespiegel|presseübersicht|medienspiegel|"
    r"basın (?:özeti|taraması|bülteni)|rassegna stampa|"
    r"(?:resumen|revista) de prensa|persoverzicht|przegląd prasy)\b|"
    r"обзор (?:прессы|сми)|мониторинг (?:прессы|сми)|огляд преси|дайджест|عرض الصحف|"
    r"عرض الصحافة|ملف الصحافة|أقوال الصحف|ملف صحفي|قصاصات صحفية|جولة الصحافة|مقتطفات الصحف|"
    r"մամուլի (?:տեսություն|ակնարկ)|"
    r"gazete (?:kupürleri|özetleri)",
    re.IGNORECASE,
)


def is_furniture(text: str) -> bool:
    """Whether a line is a page's or a messenger's: share bars, appeals, counts, addresses to write to."""
    return len(text) <= 200 and any(
        pattern.match(text) is not None for pattern in (FURNITURE, _COUNTED, _SHARE_BAR, _WRITE_TO)
    )


def states_edition(text: str) -> bool:
    """Whether a line says which issue this is, as it stands beside the name on a paper's first page."""
    return _EDITION.search(text) is not None


def is_folio(text: str) -> bool:
    """Whether a line is the foot of a page: "Press review 3 May 2024 - page 2/4"."""
    return len(text) <= 120 and _FOLIO.match(text) is not None


def page_name(text: str) -> str | None:
    """The name beside a number, as at the foot of a page ("34 | COAST"); it is one where it returns with others."""
    match = _PAGE_NAME.match(text)
    return (match["a"] or match["b"]).strip() if match else None


def regards(text: str) -> bool:
    """Whether a line closes a mail; whoever sent it stands below."""
    return _REGARDS.match(text) is not None


def list_follows(text: str) -> bool:
    """Whether a piece of furniture heads a list: "Most read", "Related"."""
    return _LIST_FOLLOWS.match(text) is not None


def overline(text: str) -> tuple[bool, str | None]:
    """Whether a line stands above a headline (breadcrumbs, a section, a slug), and the outlet it names.

    >>> overline("Harbour Radio | News | Health"), overline("Home > World"), overline("BC-Sund-Vote")
    ((True, 'Harbour Radio'), (True, None), (True, None))
    >>> overline("Dam fails | Harbour Post"), overline("Dam fails")
    ((False, None), (False, None))
    """
    site, *sections = [part.strip() for part in text.split("|")]
    above = [part for part in (site, *sections) if SECTION.fullmatch(part) or _OVERLINE.match(part)]
    if len(sections) == 1 and len(above) == 1:
        (other,) = {site, *sections} - set(above)
        if is_name(other) and is_outlet(other):
            return True, other
    if not sections and SECTION.fullmatch(site):
        return True, None
    if sections and all(SECTION.fullmatch(part) for part in sections) and is_name(site):
        return (True, site) if is_outlet(site) else (len(sections) > 1, site if len(sections) > 1 else None)
    found = any(
        pattern.match(text) is not None for pattern in (_SKIP, _CRUMBS, _OVERLINE, _SLUG, _MENU, _COOKIES)
    )
    return found, None


def is_slug(text: str) -> bool:
    """Whether a line is an agency's slug: "BC-Sund-Vote", "TPA0417 4 I 0231"."""
    return _SLUG.match(text) is not None


def is_record(text: str) -> bool:
    """Whether a database notes this of an article: "412 words", "Page 17", "English", "18:22"."""
    noted = _RECORD.match(text) is not None or is_period(text)
    kept = _KEPT.match(text) is not None and find_date(text) is not None
    return noted or kept or is_clock(text) or is_reference(text)


def is_period(text: str) -> bool:
    """Whether a line says when a quarterly appeared: "Summer 2021      Page 22"."""
    return _PERIOD.match(text) is not None


def is_clock(text: str) -> bool:
    """Whether a line holds nothing but an hour: "18:22", "12:05 P.M.", "Ende 14:05 Uhr"."""
    return len(text) <= 40 and _CLOCK.match(text) is not None


def closes(text: str) -> bool:
    """Whether a line surely ends an article: "Document HPOST0020240503x1", "(END)"."""
    return _CLOSES.match(text) is not None


def stamp(text: str) -> tuple[str, str] | None:
    """The name and the time in a messenger's stamp: "Harbour Talk, [03.05.2024 19:42]"."""
    match = _STAMP.match(text)
    return (match["name"].strip(), match["when"]) if match else None


def forwarded(text: str) -> str | None:
    """Whom a forwarded message is from."""
    match = _FORWARDED.match(text)
    return match["name"].strip() if match else None


def announces_digest(lines: list[str]) -> bool:
    """Whether the first lines of a text say that it is a collection: a mail's fields, a greeting, or "Press review"."""
    if any(_GREETING.match(line) for line in lines):
        return True
    return sum(MAIL_FIELD.match(line) is not None for line in lines) >= 2 or any(
        len(line) <= 120 and _NAMES_ITSELF.search(line) is not None for line in lines[:4]
    )
