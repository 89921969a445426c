"""The words that carry a sentence and not its subject: articles, pronouns, prepositions, auxiliaries, by language.

Our own lists. They are left out of topics, and tell languages apart. Spellings without accents stand beside the right
ones, for people leave accents out on a telephone.
"""

from __future__ import annotations

from collections.abc import Mapping

_ENGLISH = """
a about after again all also am an and any are aren't as at be because been before being both but by can can't cannot
could couldn't did didn't do does doesn't doing don't down each even ever every few for from further get gets getting
go going got had hadn't has hasn't have haven't having he her here hers herself him himself his how i i'd i'll i'm i've
if in into is isn't it it's its itself just let's made make may me might mine more most much must my myself no nor not
now of off on once one only onto or other our ours ourselves out over own per quite rather same shall she should
shouldn't since so some still such than that that's the their theirs them themselves then there there's these they
they're they've this those though through to too under until up upon us very was wasn't we we're we've were weren't
what when where which while who whom whose why will with within without won't would wouldn't yet you you'd you'll
you're you've your yours yourself im ive dont didnt doesnt isnt cant wont like really also anyone anything everyone
everything lot lots nothing someone something thing things
"""

_FRENCH = """
à a ai aie ainsi alors après apres as au aucun aucune aussi autre autres aux avait avant avec avez avoir avons c ça ca
car ce ceci cela celle celles celui ces cet cette ceux chaque chez comme comment d dans de depuis des dès donc dont du
elle elles en encore entre es est et étaient étais était etait étant été ete être etre eu eux fait faire fais fois font
il ils j je jusque l la là le les leur leurs lorsque lui m ma mais me même meme mes moi moins mon n ne ni non nos notre
nous on ont ou où par parce pas pendant peu peut plus pour pourquoi puis qu quand que quel quelle quelles quelque
quelques quels qui quoi s sa sans se sera ses si son sont sous suis sur t ta tandis te tes toi ton tous tout toute
toutes très tres trop tu un une vers voici voilà vos votre vous y
"""

_GERMAN = """
ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bereits bin bis bist da dabei
dadurch dafür damit danach dann das dass daß davon dazu dein deine dem den denn der des deshalb dessen die dies diese
diesem diesen dieser dieses dir doch dort du durch eben ein eine einem einen einer eines einfach er es etwas euch euer
eure für fuer gegen gewesen gibt ging habe haben hat hatte hatten hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer
im immer in ins ist ja jede jedem jeden jeder jedes jetzt kann kein keine keinen können koennen machen man mein meine
meinem meinen meiner mich mir mit nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner
seit selbst sich sie sind so sollte sondern über ueber um und uns unser unsere unter vom von vor wann war waren warum
was weil welche welcher wenn wer werde werden wie wieder will wir wird wo wurde wurden würde zu zum zur zwar
"""

_SPANISH = """
a al algo algún alguna algunas alguno algunos allí ante antes aquel aquella aquí así aun aún aunque bajo bien cada casi
como cómo con contra cual cuando cuándo cuanto de del desde donde dónde dos durante e el él ella ellas ellos en entre
era eran eres es esa esas ese eso esos esta está estaba estado estamos están estar estas este esto estos estoy fue
fueron ha había habia haber hace hacer hacia han has hasta hay he hemos la las le les lo los más mas me mi mí mientras
mis mucho muchos muy nada ni ningún ninguna no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco
por porque pues que qué quien quién se sea según ser si sí sido siempre sin sino sobre solo sólo son soy su sus también
tambien tan tanto te tener tengo ti tiene tienen toda todas todavía todo todos tu tú tus un una uno unos usted ustedes
ya yo y
"""

_ITALIAN = """
a ad agli ai al alla alle allo altra altre altri altro anche ancora aveva avere c che chi ci ciò cioè col come con
contro cosa così cosi cui da dagli dai dal dalla dalle degli dei del della delle dello dentro di dopo dove due e è ed
era erano essere fa fare fino fra già gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me meno mentre mi mia
mie miei mio molto ne negli nei nel nella nelle nello no noi non nostra nostro o ogni oppure per perché perche però pero
più piu poco poi prima proprio qua quale quali qualche quando quanto quasi quella quelle quelli quello questa queste
questi questo qui se sei sempre senza si sia siamo solo sono sopra sotto sta stata stato sua sue sugli sui sul sulla suo
suoi tra tu tua tue tuo tuoi tutta tutte tutti tutto un una uno vi voi
"""

_DUTCH = """
aan al alle alleen als altijd andere bij ben bent daar dan dat de deze die dit doen door dus een echt eens elke en er
erg even gaan gaat geen geweest haar had hadden heb hebben heeft heel hem hen het hier hij hoe hun iets ik in is ja je
jij jou jouw jullie kan kon kunnen maar maken me meer men met mij mijn moet moeten na naar nadat niet niets nog nu of
om omdat ons onze ook op over te tegen terwijl toch toen tot tussen u uit uw van vanaf veel voor waar waarom wanneer
want waren was wat we weer wel werd werden wie wij wil worden wordt wordt zal ze zeer zich zij zijn zo zoals zonder zou
zouden
"""

_PORTUGUESE = """
a à ao aos aquela aquele aqui as às assim até ate cada com como contra da das de dela dele deles demais depois desde
dessa desse desta deste do dos e é ela elas ele eles em enquanto entre era eram essa esse esta está esta estão estar
estava este eu fazer foi foram há isso isto já ja lá lhe mais mas me mesmo meu meus minha minhas muito muitos na nada
não nao nas nem nenhum nenhuma no nos nós nossa nosso num numa nunca o onde os ou outra outro para pela pelas pelo pelos
pode por porque pouco pra qual quando que quem se seja sem sempre ser será seu seus só sobre sou sua suas também tambem
tão tem têm tenho ter tinha toda todas todo todos tu tudo um uma umas uns vai você voce vocês
"""

#: By two-letter code.
FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(text.casefold().split())
    for code, text in {
        "de": _GERMAN, "en": _ENGLISH, "es": _SPANISH, "fr": _FRENCH, "it": _ITALIAN, "nl": _DUTCH, "pt": _PORTUGUESE,
    }.items()
}  # fmt: skip
