"""Countries as digests name them beside an outlet ("The Northern Ledger, Norway"): they name no outlet and no one."""

from __future__ import annotations

_COUNTRIES = frozenset(
    name.strip()
    for name in """
afghanistan, albania, algeria, andorra, angola, argentina, armenia, australia, austria, azerbaijan, bahrain,
bangladesh, barbados, belarus, belgium, belize, benin, bhutan, bolivia, bosnia, bosnia and herzegovina, botswana,
brazil, bulgaria, burkina faso, burundi, cambodia, cameroon, canada, chad, chile, china, colombia, congo, costa rica,
croatia, cuba, cyprus, czechia, czech republic, denmark, djibouti, dominican republic, ecuador, egypt, el salvador,
england, eritrea, estonia, ethiopia, fiji, finland, france, gabon, georgia, germany, ghana, great britain, greece,
greenland, guatemala, guinea, guyana, haiti, honduras, hong kong, hungary, iceland, india, indonesia, iran, iraq,
ireland, israel, italy, ivory coast, jamaica, japan, jordan, kazakhstan, kenya, kosovo, kuwait, kyrgyzstan, laos,
latvia, lebanon, lesotho, liberia, libya, liechtenstein, lithuania, luxembourg, madagascar, malawi, malaysia, mali,
malta, mauritania, mauritius, mexico, moldova, monaco, mongolia, montenegro, morocco, mozambique, myanmar, namibia,
nepal, netherlands, the netherlands, new zealand, nicaragua, niger, nigeria, north korea, north macedonia, northern
ireland, norway, oman, pakistan, palestine, panama, paraguay, peru, philippines, poland, portugal, qatar, romania,
russia, rwanda, saudi arabia, scotland, senegal, serbia, sierra leone, singapore, slovakia, slovenia, somalia, south
africa, south korea, south sudan, spain, sri lanka, sudan, sweden, switzerland, syria, taiwan, tajikistan, tanzania,
thailand, the gambia, togo, tunisia, turkey, türkiye, turkmenistan, uae, uganda, uk, ukraine, united arab emirates,
united kingdom, united states, uruguay, us, usa, uzbekistan, venezuela, vietnam, wales, yemen, zambia, zimbabwe, eu,
allemagne, angleterre, arménie, autriche, belgique, brésil, chine, danemark, égypte, espagne, états-unis, finlande,
grèce, hongrie, inde, irak, irlande, italie, japon, liban, maroc, mexique, norvège, pays-bas, pologne, royaume-uni,
roumanie, russie, sénégal, suède, suisse, syrie, tunisie, turquie, ägypten, armenien, belgien, brasilien, dänemark,
deutschland, finnland, frankreich, griechenland, großbritannien, indien, irland, italien, kanada, libanon,
niederlande, norwegen, österreich, polen, rumänien, russland, schweden, schweiz, spanien, syrien, tschechien, türkei,
ungarn, alemania, brasil, egipto, españa, estados unidos, francia, grecia, italia, líbano, marruecos, méxico, noruega,
polonia, reino unido, rusia, siria, suecia, suiza, turquía, армения, австрия, азербайджан, белоруссия, беларусь,
бельгия, великобритания, венгрия, германия, греция, грузия, египет, израиль, индия, иран, испания, италия, казахстан,
канада, китай, ливан, норвегия, польша, россия, румыния, сирия, сша, турция, украина, финляндия, франция, чехия,
швейцария, швеция, япония, ألمانيا, إسبانيا, إيران, إيطاليا, الأردن, الإمارات, البحرين, الجزائر, السعودية, السودان,
الصين, العراق, الكويت, المغرب, الهند, اليمن, اليونان, أرمينيا, بريطانيا, تركيا, تونس, روسيا, سوريا, عمان, فرنسا,
فلسطين, قطر, لبنان, ليبيا, مصر, almanya, azerbaycan, birleşik krallık, ermenistan, fransa, ispanya, italya, lübnan,
mısır, rusya, suriye, yunanistan
""".split(",")
)


def is_country(text: str) -> bool:
    """Whether a text is the name of a country, in one of the languages read here.

    >>> is_country("United Kingdom"), is_country("La Suisse"), is_country("Schweiz"), is_country("Norway Today")
    (True, False, True, False)
    """
    return text.strip().casefold() in _COUNTRIES
