"""The words that tell who speaks: verbs of saying, titles, pronouns; English and French, Russian, Arabic."""

from __future__ import annotations

import re

_ENGLISH = """said says say told tells added adds asked asks replied replies answered answers wrote writes explained
explains insisted insists warned warns argued argues admitted admits recalled recalls remembered remembers noted stated
declared declares announced announces claimed complained complains acknowledged acknowledges conceded concedes confirmed
confirms denied denies stressed stresses emphasised emphasises emphasized emphasizes maintained maintains suggested
suggests remarked observed observes commented continued continues concluded concludes joked jokes quipped exclaimed
shouted cried whispered muttered sighed promised promises vowed vows pledged urged urges demanded predicted predicts
testified tweeted posted boasted lamented countered retorted responded responds agreed agrees disagreed disagrees
described called calls dismissed praised condemned criticised criticized accused accuses quoted repeated reiterated
begged pleaded protested objected hailed denounced asserted asserts alleged contended contends advised reported
estimated thinks thought believes believed hopes laughed shrugged smiled insist shouts read reads""".split()
_FRENCH = """déclaré dit affirmé expliqué précisé ajouté souligné indiqué estimé assuré confié raconté insisté répondu
promis averti prévenu annoncé écrit reconnu regretté déploré dénoncé conclu rappelé lancé admis jugé martelé soupiré
demandé répété poursuivi résumé qualifié évoqué commenté""".split()
_FRENCH_NOW = """déclare affirme explique précise ajoute souligne indique estime assure confie raconte insiste répond
promet prévient annonce écrit reconnaît regrette déplore dénonce conclut rappelle lance admet juge résume poursuit
soupire témoigne dit""".split()
_RUSSIAN = """сказал заявил сообщил добавил отметил пояснил объяснил подчеркнул рассказал ответил написал признал
уточнил спросил воскликнул заметил предупредил пообещал возразил напомнил заверил посетовал считает говорит
утверждает подытожил продолжил назвал признался поделился указал""".split()
_ARABIC = """قال صرح صرّح أضاف اضاف أكد أكّد اكد أوضح اوضح ذكر أعلن اعلن تابع أشار اشار شدد شدّد كتب اعتبر رد ردّ لفت
بين بيّن وصف حذر حذّر نفى""".split()

_LATIN_VERB = (
    rf"(?:(?:a|ont|avait)(?:-t-(?:il|elle))?\s+(?:\w+ment\s+|aussi\s+|également\s+)?(?:{'|'.join(_FRENCH)})"
    rf"|(?:went|goes) on(?: to say)?|(?:point|sum)(?:s|ed|med) (?:out|up)|puts? it"
    r"|(?:states|claims|reports|remarks|comments|demands)(?=\s+that\b|[:,])"
    rf"|(?:{'|'.join([*_ENGLISH, *_FRENCH_NOW])}))"
)
_CYRILLIC_VERB = rf"(?:{'|'.join(_RUSSIAN)})(?:а|и|ась|ся|ись)?"
VERB = re.compile(rf"(?<![\w'’-])(?:{_LATIN_VERB}|{_CYRILLIC_VERB})(?![\w-])")
"""A finite verb of saying."""
ALSO = re.compile(
    r"(?<!\w)(?:adding|saying|insisting|noting|stressing|warning|calling|describing|arguing|telling|claiming|explaining|"
    r"acknowledging|ajoutant|affirmant|soulignant|précisant|добавив|подчеркнув|отметив|заявив|назвав)(?!\w)"
)
"""A participle of saying: its subject is that of the sentence."""
ACCORDING = re.compile(
    r"(?<!\w)(?:according to|in the words of|(?:as )?quoted by|selon|d['’]après|aux yeux de|по словам|по мнению|"
    r"как (?:сказал|заявил|отметил|сообщил)а?)\s+",
    re.IGNORECASE,
)
INVERTED = re.compile(
    rf"(?:a-t-(?P<one>il|elle)\s+(?:\w+ment\s+)?(?:{'|'.join(_FRENCH)})|(?:{'|'.join(_FRENCH_NOW)})(?:-t)?-(?P<two>il|elle))(?!\w)"
)
ARABIC_VERB = re.compile(rf"(?<!\w)[وف]?(?:{'|'.join(_ARABIC)})(?P<she>ت)?(?!\w)")
ARABIC_ACCORDING = re.compile(
    r"(?<!\w)(?:و?(?:بحسب|حسب|وفق)\s+(?:ما\s+\w+\s+)?|وفق(?:ا|اً|ًا)\s+ل|على\s+حد\s+(?:قول|تعبير)\s+)"
)
ARABIC_STOP = re.compile(
    r"[:،؛.,\n«»\"“”\ue000]|\s(?:إن|أن|إنه|إنها|أنه|أنها|إننا|بأن|بأنه|بأنها|في|خلال|عبر|على|من|إلى|عن|أمس|اليوم|يوم|"
    r"للصحفيين|للصحافيين|لوكالة|لقناة|لصحيفة|أمام|بعد|قبل|عندما|حيث|مساء|صباح)(?!\w)"
)
ARABIC_ROLE = re.compile(
    r"(?:رئيس|رئيسة|مدير|مديرة|وزير|وزيرة|متحدث|متحدثة|باسم|عمدة|محافظ|قائد|نائب|نائبة|أمين|عضو|سفير|سفيرة|مبعوث|خبير|"
    r"خبيرة|طبيب|طبيبة|مهندس|مهندسة|بلدية|مجلس|وزارة|حزب|شركة|مؤسسة|منظمة|هيئة|جامعة|وزراء|عام|عامة|لجنة|قسم)"
)
"""Words of office: what follows them is no name yet, nor is a first word with the article."""

PRONOUN = re.compile(r"(?:he|she|it|they|i|we|who|you|il|elle|ils|elles|он|она|они)", re.IGNORECASE)
FEMALE = frozenset(
    """mrs ms miss madam madame mme lady dame queen princess sister spokeswoman chairwoman businesswoman congresswoman
    councilwoman policewoman woman mother wife daughter widow actress grandmother aunt girl she her elle госпожа она
    мать жена дочь""".split()
)
MALE = frozenset(
    """mr sir lord king prince brother spokesman chairman businessman congressman councilman policeman man father
    husband son widower actor grandfather uncle boy he his il monsieur господин он отец муж сын""".split()
)
MEN_IN_A = frozenset(
    """luca luka nikola ilya mustafa joshua sasha misha musa moussa issa isa mika nikita costa akira ezra noah garba
    abba jakka foma kuzma илья никита саша миша кузьма фома лука данила""".split()
)
"""First names of men that end in the letter that most women's do."""
TITLES = frozenset(
    """mr mrs ms miss dr prof professor sir dame lord lady madam madame mme monsieur m st president vice prime minister
    governor mayor senator sen rep representative congressman congresswoman chancellor king queen prince princess pope
    bishop archbishop father sister brother rev reverend imam rabbi sheikh judge justice general gen colonel col major
    maj captain capt lieutenant lt sergeant sgt admiral commander inspector detective constable officer chief deputy
    secretary ambassador councillor councilor commissioner sheriff coach director chairman chairwoman chairperson
    spokesman spokeswoman spokesperson engineer head acting former first foreign interior finance defence defense health
    premier attorney superintendent fire police cllr hon le la the ministre assistant state affairs executive external
    parliament speaker analyst expert co-chair interim permanent special envoy representative staff""".split()
)
OFFICES = frozenset(
    """minister president governor mayor senator secretary chancellor chairman chairwoman chairperson spokesman
    spokeswoman spokesperson director ambassador commissioner premier speaker analyst expert envoy representative
    general colonel officer chief affairs king queen prince princess pope bishop archbishop judge justice attorney
    congressman congresswoman leader""".split()
)
"""Titles after which a name begins, whatever stands before them: "Armenian Defense Minister Suren Papikyan"."""
CALENDAR = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december lundi mardi mercredi jeudi vendredi samedi dimanche""".split()
)
NO_NAME = frozenset(
    """the a an this that these those he she it they we i you his her its their our my your there here in on at to for
    from by with as after before when while where although though if since but and or so yet however meanwhile
    moreover according both some many most all no not one two what who how why asked still then later now once even
    only also another each every several few much such more less least about over under during speaking yesterday
    today tomorrow last earlier le la les un une des il elle ils elles mais et pour selon dans lors après avant ce cette
    ces son sa ses leur в на по но и а он она они после когда если как так это этот эта позже затем при у с о от до из
    за для во со об что все его её их""".split()
)
"""Words that open a sentence with a capital and are no names."""
PLACE_OR_BODY = frozenset(
    """street road avenue square bridge river lake mount mountain bay island islands valley coast university college
    school hospital bank council ministry office department agency commission committee party union association
    federation court parliament senate congress assembly government company group corporation trust institute centre
    center service authority board club church times post herald gazette tribune news radio television press journal
    sea ocean strait corridor region union europe asia africa caucasus front army forces
    north south east west northern southern eastern western united new republic kingdom states city county district
    province airport station port harbour quay cup league league's organization organisation foundation fund""".split()
)
GROUPS = frozenset("they who we i you it ils elles они".split())
NEVER_SPEECH = re.compile(
    r"(?:\b(?:so[- ]called|call(?:ed|s)?|named|dubbed|nicknamed|titled|entitled|known as|labelled|marked|"
    r"reading|reads?|(?:the|a|one) (?:word|words|phrase|term|slogan|sign|"
    r"headline|title|poster|banner|song|film|book|novel|"
    r"play|ship|boat|trawler|ferry|newspaper|magazine)|nommée?|appelée?|intitulée?|surnommée?|le mot|la formule|"
    r"так называем\w+|газет\w+|журнал\w*|фильм\w*|книг\w+|корабл\w+|компани\w+|завод\w*|клуб\w*|роман\w*)|"
    r"(?:صحيفة|جريدة|مجلة|شركة|ما يسمى|المسمى|المسماة|يسمى|سفينة|فيلم|كتاب))\s*,?\s*(?:the\s+|a\s+|la\s+|le\s+)?$",
    re.IGNORECASE,
)
"""What stands before a name, a title or a word that is only mentioned."""
BARE_SPEAKERS = re.compile(
    r"(?:police|officials|residents|witnesses|experts|doctors|scientists|researchers|authorities|organisers|organizers|"
    r"lawyers|prosecutors|critics|locals|neighbours|neighbors|sources|activists|teachers|workers|analysts|relatives|"
    r"firefighters|rescuers|campaigners|investigators|engineers|parents|students|farmers|staff|soldiers|villagers)"
)
