"""Names of events: other tools' words become the vocabulary of this one."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Folded name -> the event it is. What is not here keeps its own name.
_ALIASES = {
    "Product Viewed": "view viewed productview viewproduct productviewed viewitem itemview detail productdetail"
    " viewedproduct viewcontent productdetailview",
    "Product Added": "cart addtocart addcart addedtocart cartadd productadded itemaddedtocart addtobasket addtobag"
    " productaddedtocart productaddtocart addedproduct",
    "Product Removed": "removefromcart removecart cartremove removedfromcart productremoved productremovedfromcart"
    " removefrombasket removedproduct",
    "Product Searched": "search searched productsearch productssearched sitesearch viewsearchresults",
    "Checkout Started": "checkout begincheckout startcheckout checkoutstarted startedcheckout initiatecheckout"
    " initiatedcheckout checkoutbegan",
    "Order Completed": "purchase purchased order ordered ordercompleted completedorder completeorder placedorder"
    " orderplaced orderpaid buy bought sale transaction checkoutcompleted purchasecompleted orderfulfilled"
    " completedpurchase",
    "Order Refunded": "refund refunded orderrefunded refundedorder orderreturned chargeback orderrefund",
    "Product Purchased": "productpurchased orderedproduct purchasedproduct itempurchased",
    "Product Returned": "productreturned returnedproduct itemreturned",
    "Page Viewed": "pageview page pageviewed viewedpage viewpage screenview screenviewed pageviews",
    "Session Started": "sessionstart sessionstarted startsession visit visitstarted",
    "Signed Up": "signup signedup register registered registration createaccount accountcreated completeregistration",
    "Signed In": "login loggedin signin signedin",
    "Email Delivered": "emaildelivered deliveredemail receivedemail emailreceived",
    "Email Opened": "emailopen emailopened openedemail openemail",
    "Email Link Clicked": "emaillinkclicked emailclick emailclicked clickedemail clickemail",
    "Email Bounced": "emailbounced emailbounce bouncedemail bounceemail",
    "Email Marked as Spam": "emailmarkedasspam markedemailasspam emailcomplaint emailcomplained spamcomplaint",
    "Unsubscribed": "unsubscribed unsubscribe emailunsubscribed unsubscribedfromemailmarketing unsubscribedfromemail",
    "Survey Answered": "surveyanswered answeredsurvey surveyresponse surveycompleted",
}

EVENT_ALIASES: dict[str, str] = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}


def canonical_name(name: str) -> str:
    """Return the event's name in this vocabulary, or the name itself with its blanks put in order.

    Examples
    --------
    >>> canonical_name("add_to_cart"), canonical_name("Newsletter  Read")
    ('Product Added', 'Newsletter Read')
    """
    folded = re.sub(r"[\W_]+", "", name.casefold())
    return EVENT_ALIASES.get(folded, " ".join(name.split()))


def renamed(names: Iterable[str]) -> dict[str, str]:
    """Return the names that change, each with what it becomes."""
    return {name: canonical_name(name) for name in names if canonical_name(name) != name}
