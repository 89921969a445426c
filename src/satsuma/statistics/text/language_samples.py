"""A page of everyday writing in each language, written for this purpose: where the n-grams of `languages` come from.

They speak of what customers write about: deliveries, products, service, weather, home. A language is told by its
combinations of letters, for which some hundred words suffice.
"""

from __future__ import annotations

from collections.abc import Mapping

SAMPLES: Mapping[str, str] = {
    "en": """
        The parcel arrived two days later than promised, but everything inside was well packed and nothing was broken.
        We have been using the machine every morning for three weeks and it still works as it should. My daughter
        thought the colour would be darker, although the picture on the website showed something else. When I called
        customer service they answered quickly and were very friendly. I would buy it again, because the price is
        right and the quality is better than what you usually find. The instructions could be clearer; some of the
        screws were missing, which made building the shelf harder than it had to be. Great sound, easy to set up, love
        the way it looks in our kitchen. Unfortunately the battery does not last through the night. They should have
        told us earlier that the shop would close. What a wonderful holiday: the children enjoyed the beach, and the
        evenings were quiet. Nothing else to say, thanks for the help, highly recommended to anyone who is looking for
        good value. Bought this as a gift for my husband and he uses it all the time. An excellent product, very happy
        with this purchase; the entertainment at home is better now, and the controls are simple. Works as described,
        never disappointed. Highly satisfied with the delivery, amazing performance, a nice little thing to have.
    """,
    "fr": """
        Le colis est arrivé avec deux jours de retard, mais tout était bien emballé et rien n'était cassé. Nous
        utilisons cette machine chaque matin depuis trois semaines et elle fonctionne toujours comme prévu. Ma fille
        pensait que la couleur serait plus foncée, alors que la photo du site montrait autre chose. Quand j'ai appelé
        le service client, on m'a répondu rapidement et avec gentillesse. Je le rachèterais volontiers, car le prix est
        correct et la qualité dépasse ce que l'on trouve d'habitude. La notice pourrait être plus claire ; il manquait
        quelques vis, ce qui a rendu le montage de l'étagère plus difficile. Très bon son, facile à installer, j'aime
        beaucoup son allure dans notre cuisine. Malheureusement, la batterie ne tient pas toute la nuit. Il aurait
        fallu nous prévenir que le magasin allait fermer. Quelles belles vacances : les enfants ont profité de la
        plage et les soirées étaient calmes. Rien à redire, merci pour votre aide, je recommande vivement ce produit à
        tous ceux qui cherchent un bon rapport qualité prix. Acheté pour offrir à mon mari, il s'en sert tout le temps.
    """,
    "de": """
        Das Paket kam zwei Tage später als versprochen, aber alles war gut verpackt und nichts war kaputt. Wir benutzen
        die Maschine seit drei Wochen jeden Morgen und sie läuft noch immer so, wie sie soll. Meine Tochter dachte, die
        Farbe wäre dunkler, obwohl das Bild auf der Seite etwas anderes zeigte. Als ich den Kundendienst anrief, wurde
        mir schnell und freundlich geholfen. Ich würde es wieder kaufen, denn der Preis stimmt und die Qualität ist
        besser als das, was man sonst findet. Die Anleitung könnte klarer sein; einige Schrauben fehlten, was den
        Aufbau des Regals schwerer machte als nötig. Toller Klang, leicht einzurichten, sieht in unserer Küche sehr
        schön aus. Leider hält der Akku nicht die ganze Nacht durch. Man hätte uns früher sagen sollen, dass das
        Geschäft schließt. Was für ein herrlicher Urlaub: die Kinder haben den Strand genossen, und die Abende waren
        ruhig. Sonst gibt es nichts zu sagen, danke für die Hilfe, sehr zu empfehlen für alle, die etwas Gutes zum
        vernünftigen Preis suchen. Als Geschenk für meinen Mann gekauft, er benutzt es ständig.
    """,
    "es": """
        El paquete llegó dos días más tarde de lo prometido, pero todo estaba bien embalado y no había nada roto.
        Llevamos tres semanas usando la máquina cada mañana y sigue funcionando como debe. Mi hija pensaba que el color
        sería más oscuro, aunque la foto de la página mostraba otra cosa. Cuando llamé al servicio de atención al
        cliente me contestaron enseguida y fueron muy amables. Lo volvería a comprar, porque el precio es justo y la
        calidad es mejor que la que se encuentra normalmente. Las instrucciones podrían ser más claras; faltaban
        algunos tornillos, lo que hizo más difícil montar la estantería. Buen sonido, fácil de instalar, me encanta
        cómo queda en nuestra cocina. Por desgracia la batería no dura toda la noche. Deberían habernos avisado antes
        de que la tienda iba a cerrar. Qué vacaciones tan bonitas: los niños disfrutaron de la playa y las noches eran
        tranquilas. Nada más que decir, gracias por la ayuda, muy recomendable para quien busque algo bueno a un precio
        razonable. Lo compré como regalo para mi marido y lo usa todo el tiempo.
    """,
    "it": """
        Il pacco è arrivato due giorni più tardi di quanto promesso, ma tutto era imballato bene e niente era rotto.
        Usiamo la macchina ogni mattina da tre settimane e funziona ancora come deve. Mia figlia pensava che il colore
        fosse più scuro, anche se la foto sul sito mostrava un'altra cosa. Quando ho chiamato il servizio clienti mi
        hanno risposto subito e con gentilezza. Lo comprerei di nuovo, perché il prezzo è giusto e la qualità è
        migliore di quella che si trova di solito. Le istruzioni potrebbero essere più chiare; mancavano alcune viti,
        e questo ha reso più difficile montare lo scaffale. Ottimo suono, facile da installare, mi piace molto come
        sta nella nostra cucina. Purtroppo la batteria non dura tutta la notte. Avrebbero dovuto dirci prima che il
        negozio stava per chiudere. Che belle vacanze: i bambini si sono goduti la spiaggia e le serate erano
        tranquille. Nient'altro da dire, grazie per l'aiuto, consigliatissimo a chi cerca qualcosa di buono a un prezzo
        ragionevole. Comprato come regalo per mio marito, che lo usa in continuazione.
    """,
    "nl": """
        Het pakket kwam twee dagen later dan beloofd, maar alles was goed ingepakt en er was niets kapot. We gebruiken
        het apparaat al drie weken elke ochtend en het werkt nog steeds zoals het hoort. Mijn dochter dacht dat de kleur
        donkerder zou zijn, hoewel de foto op de website iets anders liet zien. Toen ik de klantenservice belde, werd
        ik snel en vriendelijk geholpen. Ik zou het zo weer kopen, want de prijs klopt en de kwaliteit is beter dan wat
        je meestal vindt. De handleiding kan duidelijker; er ontbraken een paar schroeven, waardoor het lastiger werd om
        de kast in elkaar te zetten. Mooi geluid, makkelijk te installeren, het staat prachtig in onze keuken. Helaas
        gaat de batterij niet de hele nacht mee. Ze hadden ons eerder moeten vertellen dat de winkel ging sluiten. Wat
        een heerlijke vakantie: de kinderen genoten van het strand en de avonden waren rustig. Verder niets te zeggen,
        bedankt voor de hulp, een echte aanrader voor wie iets goeds zoekt voor een redelijke prijs. Gekocht als cadeau
        voor mijn man, hij gebruikt het de hele tijd.
    """,
    "pt": """
        A encomenda chegou dois dias mais tarde do que o prometido, mas estava tudo bem embalado e não havia nada
        partido. Usamos a máquina todas as manhãs há três semanas e ainda funciona como deve ser. A minha filha pensava
        que a cor seria mais escura, embora a fotografia do site mostrasse outra coisa. Quando liguei para o apoio ao
        cliente, responderam depressa e foram muito simpáticos. Voltaria a comprar, porque o preço é justo e a
        qualidade é melhor do que aquilo que se encontra normalmente. As instruções podiam ser mais claras; faltavam
        alguns parafusos, o que tornou mais difícil montar a estante. Ótimo som, fácil de instalar, adoro como fica na
        nossa cozinha. Infelizmente a bateria não dura a noite toda. Deviam ter avisado mais cedo que a loja ia fechar.
        Que férias maravilhosas: as crianças gostaram da praia e as noites foram sossegadas. Não tenho mais nada a
        dizer, obrigado pela ajuda, recomendo a quem procura alguma coisa boa por um preço razoável. Comprei como
        presente para o meu marido e ele usa o tempo todo.
    """,
}
