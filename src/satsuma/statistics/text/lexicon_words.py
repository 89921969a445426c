"""Words that praise or blame, with how much, by language: written for this purpose, copied from nowhere.

Three strengths each way. `general` words say only that something is good or bad, of whatever it is: they are the ones
that topics leave out, for a topic is what people write about and not how they liked it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordList:
    """The valued words of a language.

    values : -3 to 3 by word. general : those that name no quality of their own. negations turn what follows round;
    stronger, weaker : make what follows more, or less.
    """

    values: Mapping[str, float]
    general: frozenset[str]
    negations: frozenset[str]
    stronger: frozenset[str]
    weaker: frozenset[str]


def _listed(
    general: Mapping[float, str], particular: Mapping[float, str], negations: str, stronger: str, weaker: str
) -> WordList:  # fmt: skip
    broad = {word: value for value, words in general.items() for word in words.casefold().split()}
    narrow = {word: value for value, words in particular.items() for word in words.casefold().split()}
    return WordList(
        {**broad, **narrow},
        frozenset(broad),
        *(frozenset(text.casefold().split()) for text in (negations, stronger, weaker)),
    )


_ENGLISH = _listed(
    general={
        3: """amazing awesome excellent fantastic incredible marvellous marvelous outstanding perfect perfectly superb
           terrific wonderful wonderfully brilliant exceptional fabulous flawless flawlessly phenomenal spectacular
           magnificent adore adored loved loves love loving best amazed stunning""",
        2: """good great happy glad pleased satisfied enjoy enjoyed enjoying enjoys enjoyable delighted recommend
           recommended recommends nice nicely impressed impressive lovely thrilled favorite favourite liked likes
           beautiful beautifully cool pleasant pleasantly superior thank thanks grateful appreciate yay wow""",
        1: """fine decent okay ok satisfactory better well positive win winner plus interesting worthwhile worth neat
           acceptable solid likable""",
        -1: "mediocre meh overrated lacking lacks unimpressed underwhelming underwhelmed wish unclear negative",
        -2: """bad badly disappointed disappointing disappoints disappointment dissatisfied dislike disliked unhappy
            unsatisfied poor poorly regret regretted sad sadly unfortunately inferior worse unpleasant unacceptable
            upset displeased""",
        -3: """awful horrible horribly terrible terribly worst hate hated hates useless worthless crap crappy garbage
            trash junk pathetic disgusting disgusted dreadful appalling atrocious abysmal sucks suck""",
    },
    particular={
        3: "delicious gorgeous effortless effortlessly seamless seamlessly",
        2: """accurate affordable attentive attractive bargain charming cheerful clean clever comfortable comfy
           convenient courteous crisp delight dependable durable easy easier easily efficient elegant enthusiastic
           fair fast fresh friendly fun generous genuine handy healthy helpful honest improved improvement inspiring
           intuitive kind knowledgeable polite powerful professional prompt promptly quality quick quickly quiet
           reasonable relaxing reliable responsive rich robust safe sleek smart smooth smoothly soft stylish sturdy
           success successful successfully tasty thoughtful trustworthy useful valuable versatile warm welcoming
           yummy""",
        1: """bright calm clear compact fixed free functional fits gift light modern new popular practical ready
           refreshing simple simpler stable strong surprised tidy upgrade working works worked""",
        -1: """complicated confused confusing cold cheap delay delayed dated difficult dull expensive fiddly flimsy
            hard heavy hidden issue issues lag lagging late limited loud missing noisy outdated overpriced pricey
            problem problems refurbished replace replacement scratched slow slower slowly small smaller stiff stuck
            struggle struggled tiny tricky unsure weak wait waited waiting wrong return returned returning""",
        -2: """aggressive annoyed annoying angry boring blame broke broken buggy complain complained complaint
            complaints crash crashed crashes crashing cracked cramped creepy damaged dead defect defective deceptive
            dirty disconnects disconnected error errors fail failed failing fails failure faulty flaw flawed forgot
            frustrated frustrating frustration glitch glitches glitchy greasy harsh ignored impossible inaccurate
            inconvenient incorrect ineffective incompetent insulting lie lied lies lost mess messy misleading mistake
            mistakes neglected painful pain poorly refused ridiculous rubbish rude ruined sick smelly stale stopped
            stupid terrified tired ugly unable unfriendly unhelpful unreliable unresponsive unsafe unstable untrue
            unusable unwilling waste wasted worn worried""",
        -3: "fraud scam nightmare furious outrageous outraged stolen thief thieves toxic ripoff robbery",
    },
    negations="""not no never none nobody nothing neither nor cannot without hardly barely scarcely isn't wasn't aren't
        weren't don't doesn't didn't won't wouldn't can't couldn't shouldn't haven't hasn't hadn't ain't dont doesnt
        didnt isnt wasnt cant wont couldnt wouldnt""",
    stronger="""very really so extremely absolutely totally completely highly incredibly super too utterly truly
        especially exceptionally ridiculously insanely much far always deeply most""",
    weaker="""somewhat slightly fairly rather kinda sorta partly bit little almost mostly relatively occasionally
        sometimes""",
)

_FRENCH = _listed(
    general={
        3: """excellent excellente excellents excellentes parfait parfaite parfaits parfaites parfaitement génial
           géniale genial geniale magnifique merveilleux merveilleuse fantastique formidable exceptionnel exceptionnelle
           adore adoré adorons superbe extraordinaire impeccable meilleur meilleure""",
        2: """bon bonne bons bonnes bien super content contente contents contentes satisfait satisfaite satisfaits ravi
           ravie aime aimé aimons recommande recommandons merci plaisir agréable agreable beau belle beaux belles
           heureux heureuse top bravo""",
        1: "correct correcte convenable sympa mieux intéressant intéressante",
        -1: "moyen moyenne bof dommage médiocre mediocre",
        -2: """mauvais mauvaise mauvaises mal déçu déçue décus déçus decu decue décevant décevante decevant déception
            deception malheureusement insatisfait insatisfaite regrette mécontent mécontente pire""",
        -3: """horrible nul nulle nuls nulles catastrophe catastrophique affreux affreuse déteste deteste lamentable
            inadmissible scandaleux honteux déplorable inutilisable""",
    },
    particular={
        3: "délicieux délicieuse",
        2: """rapide rapides rapidement facile faciles facilement pratique pratiques efficace fiable solide confortable
           joli jolie propre calme silencieux silencieuse utile aimable aimables accueillant accueillante sympathique
           professionnel professionnelle chaleureux chaleureuse soigné soignée gentil gentille fluide robuste""",
        1: "léger légère simple complet clair claire fonctionne conforme",
        -1: """cher chère lent lente lents compliqué compliquée difficile bruyant bruyante retard problème problèmes
            probleme froid froide petit petite manque attente""",
        -2: """cassé cassée casse panne défectueux défectueuse abîmé abîmée sale impoli impolie incompétent
            incompétente erreur erreurs perdu perdue impossible inutile fragile trompeur trompeuse désagréable""",
        -3: "arnaque arnaques vol voleurs escroquerie escroc",
    },
    negations="ne n pas jamais rien aucun aucune sans ni guère plus",
    stronger="très tres trop vraiment tellement extrêmement absolument totalement super hyper toujours",
    weaker="peu assez plutôt légèrement presque parfois",
)

_GERMAN = _listed(
    general={
        3: """ausgezeichnet ausgezeichnete ausgezeichneter hervorragend hervorragende hervorragender perfekt perfekte
           perfekter fantastisch fantastische wunderbar wunderbare wunderbarer großartig großartige grossartig
           grossartige genial geniale liebe exzellent exzellente spitze traumhaft begeistert beste bester bestes
           besten""",
        2: """gut gute guter gutes guten super toll tolle toller tolles schön schöne schöner schönes schoen zufrieden
           empfehlen empfehle empfehlenswert empfehlung freue gefreut gefällt gefallen danke dank glücklich angenehm
           angenehme prima klasse gerne freude lieblings""",
        1: "ordentlich ordentliche okay ok solide besser interessant nett nette netter passt",
        -1: "mittelmäßig mittelmässig naja schade durchschnittlich",
        -2: """schlecht schlechte schlechter schlechtes schlechten leider enttäuscht enttäuschend enttäuschende
            enttäuschung unzufrieden bedauerlich bedaure ärgerlich ärger ungenügend mangelhaft mangelhafte schlimm""",
        -3: """schrecklich schreckliche furchtbar furchtbare grauenhaft grauenhafte katastrophe katastrophal
            katastrophale miserabel miserable unbrauchbar nutzlos schrott müll hasse frechheit unverschämt grottig""",
    },
    particular={
        3: "köstlich mühelos",
        2: """schnell schnelle schneller schnelles einfach einfache leicht leichte praktisch praktische zuverlässig
           zuverlässige bequem bequeme sauber sauberes freundlich freundliche freundlicher hilfsbereit hilfreich
           hilfreiche kompetent kompetente preiswert stabil stabile ruhig lecker hochwertig hochwertige nützlich robust
           günstig günstige lohnt""",
        1: "funktioniert klar modern pünktlich problemlos reibungslos",
        -1: """teuer teure langsam langsame kompliziert komplizierte schwierig laut laute verspätet verspätung problem
            probleme fehlt fehlen fehlte klein zurückgeschickt warten gewartet""",
        -2: """kaputt kaputte defekt defekte defektes beschädigt beschädigte fehler fehlerhaft schmutzig unfreundlich
            unfreundliche inkompetent verloren unmöglich nervt nervig billig instabil reklamation falsch falsche""",
        -3: "betrug betrüger abzocke",
    },
    negations="nicht kein keine keinen keinem keiner nie niemals nichts ohne weder noch kaum",
    stronger="sehr wirklich absolut total extrem äußerst völlig besonders so zu richtig unglaublich echt",
    weaker="etwas ziemlich eher relativ teilweise manchmal fast bisschen",
)

#: By two-letter code.
WORD_LISTS: Mapping[str, WordList] = {"de": _GERMAN, "en": _ENGLISH, "fr": _FRENCH}


def opinion_words(languages: Iterable[str]) -> frozenset[str]:
    """Return the words of praise and blame that say nothing of what is praised, in some languages."""
    return frozenset(word for code in languages if code in WORD_LISTS for word in WORD_LISTS[code].general)
