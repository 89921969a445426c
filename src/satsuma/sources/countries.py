# ruff: noqa: E501  a country is one line
"""The countries of ISO 3166-1 and the names by which files call them."""

from __future__ import annotations

from functools import cache

from satsuma.sources.names import fold

#: One line a country: alpha-2, alpha-3, English short name, then other names in use, divided by bars.
_TABLE = """
AD|AND|Andorra
AE|ARE|United Arab Emirates|UAE|Emirates|Vereinigte Arabische Emirate|Emirats arabes unis
AF|AFG|Afghanistan
AG|ATG|Antigua and Barbuda|Antigua
AI|AIA|Anguilla
AL|ALB|Albania|Albanie|Albanien
AM|ARM|Armenia|Arménie
AO|AGO|Angola
AQ|ATA|Antarctica
AR|ARG|Argentina|Argentine|Argentinien
AS|ASM|American Samoa
AT|AUT|Austria|Österreich|Oesterreich|Autriche|Oostenrijk
AU|AUS|Australia|Australie|Australien
AW|ABW|Aruba
AX|ALA|Åland Islands|Aland Islands
AZ|AZE|Azerbaijan|Azerbaïdjan
BA|BIH|Bosnia and Herzegovina|Bosnia|Bosnia Herzegovina|Bosnien und Herzegowina
BB|BRB|Barbados
BD|BGD|Bangladesh
BE|BEL|Belgium|Belgique|België|Belgien|Bélgica
BF|BFA|Burkina Faso
BG|BGR|Bulgaria|Bulgarie|Bulgarien
BH|BHR|Bahrain
BI|BDI|Burundi
BJ|BEN|Benin|Bénin
BL|BLM|Saint Barthélemy|St Barts
BM|BMU|Bermuda
BN|BRN|Brunei Darussalam|Brunei
BO|BOL|Bolivia, Plurinational State of|Bolivia
BQ|BES|Bonaire, Sint Eustatius and Saba|Caribbean Netherlands
BR|BRA|Brazil|Brasil|Brésil|Brasilien
BS|BHS|Bahamas|The Bahamas
BT|BTN|Bhutan
BV|BVT|Bouvet Island
BW|BWA|Botswana
BY|BLR|Belarus
BZ|BLZ|Belize
CA|CAN|Canada|Kanada
CC|CCK|Cocos (Keeling) Islands|Cocos Islands
CD|COD|Congo, Democratic Republic of the|Congo, The Democratic Republic of the|DR Congo|DRC|Democratic Republic of the Congo|Congo (Kinshasa)
CF|CAF|Central African Republic
CG|COG|Congo|Republic of the Congo|Congo (Brazzaville)
CH|CHE|Switzerland|Schweiz|Suisse|Svizzera|Zwitserland|Suiza
CI|CIV|Côte d'Ivoire|Cote d'Ivoire|Ivory Coast
CK|COK|Cook Islands
CL|CHL|Chile|Chili
CM|CMR|Cameroon|Cameroun|Kamerun
CN|CHN|China|People's Republic of China|PR China|PRC|Chine|Mainland China
CO|COL|Colombia|Colombie
CR|CRI|Costa Rica
CU|CUB|Cuba|Kuba
CV|CPV|Cabo Verde|Cape Verde
CW|CUW|Curaçao|Curacao
CX|CXR|Christmas Island
CY|CYP|Cyprus|Chypre|Zypern
CZ|CZE|Czechia|Czech Republic|Tschechien|République tchèque|Česko|Česká republika
DE|DEU|Germany|Deutschland|Allemagne|Alemania|Germania|Duitsland|Federal Republic of Germany|West Germany|Niemcy
DJ|DJI|Djibouti
DK|DNK|Denmark|Danmark|Dänemark|Danemark|Denemarken
DM|DMA|Dominica
DO|DOM|Dominican Republic
DZ|DZA|Algeria|Algérie|Algerien
EC|ECU|Ecuador|Équateur
EE|EST|Estonia|Eesti|Estonie|Estland
EG|EGY|Egypt|Égypte|Ägypten
EH|ESH|Western Sahara
ER|ERI|Eritrea
ES|ESP|Spain|España|Espagne|Spanien|Spagna|Spanje
ET|ETH|Ethiopia|Éthiopie
FI|FIN|Finland|Suomi|Finlande|Finnland
FJ|FJI|Fiji
FK|FLK|Falkland Islands (Malvinas)|Falkland Islands
FM|FSM|Micronesia, Federated States of|Micronesia
FO|FRO|Faroe Islands
FR|FRA|France|Frankreich|Francia|Frankrijk|Metropolitan France|República Francesa
GA|GAB|Gabon
GB|GBR|United Kingdom of Great Britain and Northern Ireland|United Kingdom|UK|U.K.|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|Royaume-Uni|Großbritannien|Vereinigtes Königreich|Reino Unido|Regno Unito|Verenigd Koninkrijk|Grande-Bretagne
GD|GRD|Grenada
GE|GEO|Georgia|Géorgie
GF|GUF|French Guiana
GG|GGY|Guernsey
GH|GHA|Ghana
GI|GIB|Gibraltar
GL|GRL|Greenland
GM|GMB|Gambia|The Gambia
GN|GIN|Guinea|Guinée
GP|GLP|Guadeloupe
GQ|GNQ|Equatorial Guinea
GR|GRC|Greece|Hellas|Grèce|Griechenland|Ellada|EL
GS|SGS|South Georgia and the South Sandwich Islands
GT|GTM|Guatemala
GU|GUM|Guam
GW|GNB|Guinea-Bissau
GY|GUY|Guyana
HK|HKG|Hong Kong|Hong Kong SAR|Hong Kong SAR China|Hongkong|Hong Kong, China
HM|HMD|Heard Island and McDonald Islands
HN|HND|Honduras
HR|HRV|Croatia|Hrvatska|Croatie|Kroatien
HT|HTI|Haiti|Haïti
HU|HUN|Hungary|Magyarország|Hongrie|Ungarn
ID|IDN|Indonesia|Indonésie|Indonesien
IE|IRL|Ireland|Éire|Eire|Republic of Ireland|Irlande|Irland|Irlanda|Ierland
IL|ISR|Israel|Israël
IM|IMN|Isle of Man
IN|IND|India|Inde|Indien
IO|IOT|British Indian Ocean Territory
IQ|IRQ|Iraq|Irak
IR|IRN|Iran, Islamic Republic of|Iran
IS|ISL|Iceland|Ísland|Islande|Island
IT|ITA|Italy|Italia|Italie|Italien|Italië|Włochy
JE|JEY|Jersey
JM|JAM|Jamaica|Jamaïque
JO|JOR|Jordan|Jordanie
JP|JPN|Japan|Japon|Nippon|Giappone
KE|KEN|Kenya|Kenia
KG|KGZ|Kyrgyzstan|Kyrgyz Republic
KH|KHM|Cambodia|Cambodge
KI|KIR|Kiribati
KM|COM|Comoros
KN|KNA|Saint Kitts and Nevis|St. Kitts and Nevis
KP|PRK|Korea, Democratic People's Republic of|North Korea
KR|KOR|Korea, Republic of|South Korea|Korea|Republic of Korea|Korea (South)|Corée du Sud|Südkorea
KW|KWT|Kuwait|Koweït
KY|CYM|Cayman Islands
KZ|KAZ|Kazakhstan
LA|LAO|Lao People's Democratic Republic|Laos
LB|LBN|Lebanon|Liban|Libanon
LC|LCA|Saint Lucia|St. Lucia
LI|LIE|Liechtenstein
LK|LKA|Sri Lanka
LR|LBR|Liberia
LS|LSO|Lesotho
LT|LTU|Lithuania|Lietuva|Lituanie|Litauen
LU|LUX|Luxembourg|Luxemburg|Luxemburgo|Lussemburgo
LV|LVA|Latvia|Latvija|Lettonie|Lettland
LY|LBY|Libya|Libyan Arab Jamahiriya|Libye
MA|MAR|Morocco|Maroc|Marokko|Marruecos
MC|MCO|Monaco
MD|MDA|Moldova, Republic of|Moldova
ME|MNE|Montenegro
MF|MAF|Saint Martin (French part)|Saint Martin
MG|MDG|Madagascar
MH|MHL|Marshall Islands
MK|MKD|North Macedonia|Macedonia|Macedonia, the former Yugoslav Republic of|FYROM
ML|MLI|Mali
MM|MMR|Myanmar|Burma
MN|MNG|Mongolia
MO|MAC|Macao|Macau
MP|MNP|Northern Mariana Islands
MQ|MTQ|Martinique
MR|MRT|Mauritania|Mauritanie
MS|MSR|Montserrat
MT|MLT|Malta|Malte
MU|MUS|Mauritius|Île Maurice
MV|MDV|Maldives
MW|MWI|Malawi
MX|MEX|Mexico|México|Mexique|Mexiko
MY|MYS|Malaysia|Malaisie
MZ|MOZ|Mozambique
NA|NAM|Namibia|Namibie
NC|NCL|New Caledonia|Nouvelle-Calédonie
NE|NER|Niger
NF|NFK|Norfolk Island
NG|NGA|Nigeria
NI|NIC|Nicaragua
NL|NLD|Netherlands, Kingdom of the|Netherlands|The Netherlands|Holland|Nederland|Niederlande|Pays-Bas|Países Bajos|Paesi Bassi
NO|NOR|Norway|Norge|Norvège|Norwegen|Noorwegen
NP|NPL|Nepal
NR|NRU|Nauru
NU|NIU|Niue
NZ|NZL|New Zealand|Aotearoa|Nouvelle-Zélande|Neuseeland
OM|OMN|Oman
PA|PAN|Panama|Panamá
PE|PER|Peru|Perú|Pérou
PF|PYF|French Polynesia
PG|PNG|Papua New Guinea
PH|PHL|Philippines|The Philippines
PK|PAK|Pakistan
PL|POL|Poland|Polska|Pologne|Polen|Polonia
PM|SPM|Saint Pierre and Miquelon
PN|PCN|Pitcairn
PR|PRI|Puerto Rico
PS|PSE|Palestine, State of|Palestine|Palestinian Territory|Palestinian Territories
PT|PRT|Portugal|Portogallo
PW|PLW|Palau
PY|PRY|Paraguay
QA|QAT|Qatar
RE|REU|Réunion|Reunion|La Réunion
RO|ROU|Romania|România|Roumanie|Rumänien|ROM
RS|SRB|Serbia|Srbija|Serbie|Serbien
RU|RUS|Russian Federation|Russia|Россия|Russie|Russland
RW|RWA|Rwanda
SA|SAU|Saudi Arabia|KSA|Arabie saoudite|Saudi-Arabien
SB|SLB|Solomon Islands
SC|SYC|Seychelles
SD|SDN|Sudan
SE|SWE|Sweden|Sverige|Suède|Schweden|Zweden|Suecia
SG|SGP|Singapore|Singapour|Singapur
SH|SHN|Saint Helena, Ascension and Tristan da Cunha|Saint Helena
SI|SVN|Slovenia|Slovenija|Slovénie|Slowenien
SJ|SJM|Svalbard and Jan Mayen
SK|SVK|Slovakia|Slovak Republic|Slovensko|Slovaquie|Slowakei
SL|SLE|Sierra Leone
SM|SMR|San Marino
SN|SEN|Senegal|Sénégal
SO|SOM|Somalia
SR|SUR|Suriname
SS|SSD|South Sudan
ST|STP|Sao Tome and Principe
SV|SLV|El Salvador
SX|SXM|Sint Maarten (Dutch part)|Sint Maarten
SY|SYR|Syrian Arab Republic|Syria|Syrie
SZ|SWZ|Eswatini|Swaziland
TC|TCA|Turks and Caicos Islands
TD|TCD|Chad|Tchad
TF|ATF|French Southern Territories
TG|TGO|Togo
TH|THA|Thailand|Thaïlande
TJ|TJK|Tajikistan
TK|TKL|Tokelau
TL|TLS|Timor-Leste|East Timor
TM|TKM|Turkmenistan
TN|TUN|Tunisia|Tunisie|Tunesien
TO|TON|Tonga
TR|TUR|Türkiye|Turkey|Turkiye|Turquie|Türkei
TT|TTO|Trinidad and Tobago|Trinidad
TV|TUV|Tuvalu
TW|TWN|Taiwan, Province of China|Taiwan|Taiwan, China
TZ|TZA|Tanzania, United Republic of|Tanzania
UA|UKR|Ukraine|Україна
UG|UGA|Uganda
UM|UMI|United States Minor Outlying Islands
US|USA|United States of America|United States|U.S.A.|U.S.|America|États-Unis|Vereinigte Staaten|Estados Unidos|EEUU|EE.UU.|Stati Uniti|Verenigde Staten|The United States
UY|URY|Uruguay
UZ|UZB|Uzbekistan
VA|VAT|Holy See|Vatican City|Vatican|Holy See (Vatican City State)
VC|VCT|Saint Vincent and the Grenadines
VE|VEN|Venezuela, Bolivarian Republic of|Venezuela
VG|VGB|Virgin Islands (British)|British Virgin Islands
VI|VIR|Virgin Islands (U.S.)|US Virgin Islands|U.S. Virgin Islands|Virgin Islands
VN|VNM|Viet Nam|Vietnam
VU|VUT|Vanuatu
WF|WLF|Wallis and Futuna
WS|WSM|Samoa
YE|YEM|Yemen
YT|MYT|Mayotte
ZA|ZAF|South Africa|RSA|Afrique du Sud|Südafrika
ZM|ZMB|Zambia
ZW|ZWE|Zimbabwe
XK|XKX|Kosovo
"""


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        alpha2, *others = line.split("|")
        for name in (alpha2, *others):
            found[fold(name)] = alpha2
    return found


@cache
def country_codes() -> frozenset[str]:
    """Return the alpha-2 codes: the 249 of the standard, and Kosovo's user-assigned XK."""
    return frozenset(_by_name().values())


@cache
def _names() -> dict[str, str]:
    found = {}
    for line in _TABLE.strip().splitlines():
        alpha2, _, *names = line.split("|")
        # Official names turn around ("Korea, Republic of") or run long; then another in use is said.
        plain = [name for name in names if "," not in name and "(" not in name and len(name) <= 30]
        found[alpha2] = plain[0] if plain else names[0]
    return found


def country_name(code: str) -> str | None:
    """Return the English name in use of an alpha-2 code; None for anything else.

    Examples
    --------
    >>> country_name("GB"), country_name("KR"), country_name("FR"), country_name("France")
    ('United Kingdom', 'South Korea', 'France', None)
    """
    return _names().get(code)


def country_code(text: str) -> str | None:
    """Return the alpha-2 code of a country's code or name; None for anything else.

    Examples
    --------
    >>> country_code("EIRE"), country_code("deu"), country_code("Côte d'Ivoire"), country_code("Atlantis")
    ('IE', 'DE', 'CI', None)
    """
    folded = fold(text)
    # A short text must be a code as it stands: `(nu`, a cut `(null)`, is not Niue.
    if len(folded) <= 3 and not text.replace(".", "").isalpha():
        return None
    return _by_name().get(folded)
