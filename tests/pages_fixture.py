"""Saved pages built as those of forty outlets are, with invented words, and what is true of them.

Each line of STRUCTURES tells how one outlet's pages are built: what the head says, what stands
above the text, how a paragraph is marked, what stands between paragraphs and behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

TITLE = "Harbour council votes to close the old pier"
AUTHOR = "Mara Quist"
DAY = "2024-03-05"
PARAGRAPHS = (
    "The council of Port Anning voted on Tuesday night to close the old pier, which has served the "
    "island ferries since the harbour was built.",
    "“We looked at every other way of paying for it, and there was none,” said the mayor, Ada "
    "Kell, "
    "after a debate of four hours.",
    "Eleven members voted for the plan and four against it; the two from the islands had left the "
    "room before the vote was taken.",
    "Teo Brandt, who runs the smaller of the two ferry companies, called the decision “a slap "
    "in the "
    "face of everybody who lives out there”.",
    "He said.",
    "The company has carried 40,000 passengers a year from the pier, according to figures that the "
    "harbour office published in January.",
    "Repairs would have cost 12 million crowns, more than the council spends on its schools, an "
    "engineers’ report said last autumn.",
    "Ferries will leave from the new terminal from June, a mile further along the shore, and a bus "
    "is to run there every half hour.",
)
LD = (
    '<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle",'
    f'"headline":"{TITLE}","datePublished":"{DAY}T09:30:00Z","author":%s,'
    '"publisher":{"@type":"Organization","name":"The Sound Herald"}}</script>'
)
PERSON = LD % f'[{{"@type":"Person","name":"{AUTHOR}"}}]'
OG = (
    f'<meta property="og:title" content="{TITLE}"><meta property="og:type" content="article">'
    '<meta property="og:site_name" content="The Sound Herald">'
)
TIMES = f'<meta property="article:published_time" content="{DAY}T09:30:00+00:00">'
NAMED = f'<meta name="author" content="{AUTHOR}">'
NONE = ""
ABOVE = (  # what stands above the text and is no furniture
    "A terminal is to take its place.",
    "A terminal is to take its place",
    "A new terminal is to take its place in June.",
    "A vote was held on Tuesday night.",
)
H1 = f"<h1>{TITLE}</h1>"
BY = f'<div class="byline">By <a rel="author" href="/m">{AUTHOR}</a></div>'
WHEN = f'<time datetime="{DAY}T09:30:00Z">March 5, 2024</time>'
RELATED = (
    '<div class="related"><h3>Related</h3><ul><li><a href="/1">How the ferry lost its subsidy '
    'again</a></li><li><a href="/2">Ten years of fares in one chart</a></li></ul></div>'
)
LETTER = (
    '<div class="newsletter-signup"><h3>Sign up to Morning Tide</h3><p>The five stories that '
    "matter "
    "on the coast, in your inbox every morning before breakfast.</p></div>"
)
AD = '<div class="ad-container"><span>Advertisement</span></div>'
FIGURE = (
    '<figure><img src="a.jpg"><figcaption>The old pier at dusk. <span class="credit">Photograph: '
    "L. Oum/Rapid Wire</span></figcaption></figure>"
)
SIDEBAR = (
    '<aside class="sidebar"><h2>Most read</h2><ul><li><a href="/x">Storm closes the north road for '
    'a week</a> <span class="author">By Rolf Hane</span></li><li><a href="/y">Bakers go back to '
    'work after vote</a> <span class="author">By Una Marsh</span></li></ul></aside>'
)
MORE = (
    '<section class="more-stories"><h2>More from The Sound Herald</h2><div><a href="/q">'
    "<h3>Mill to reopen</h3></a><p>The mill at Arden is to reopen in the spring, its owners said."
    "</p></div></section>"
)
COMMENTS = (
    '<section id="comments"><h2>Comments (2)</h2><p>First! I think the pier should stay, whatever '
    "the council says about its cost.</p></section>"
)
FOOTER = "<footer><p>© 2024 The Sound Herald. All rights reserved.</p></footer>"
NAV = '<header><nav><a href="/">Home</a><a href="/n">News</a><a href="/s">Sport</a></nav></header>'
BIO = (
    f'<div class="author-bio"><p>{AUTHOR} is a reporter on the coast desk. She has covered the '
    "islands for ten years.</p></div>"
)
SUBSCRIBE = (
    '<div class="subscription-box"><h2>Subscribe now to read the latest news in your city.</h2><p>'
    "Exclusive articles, unlimited online access and a daily puzzle for $1 a week.</p></div>"
)
SHARE = '<div class="share-tools"><button>Share</button><a href="#f">Facebook</a></div>'


@dataclass(frozen=True)
class Structure:
    """How the pages of one outlet are built; `paragraph` holds {} where a text stands."""

    head: str
    top: str
    body: str
    paragraph: str = "<p>{}</p>"
    between: tuple[str, ...] = ()
    after: str = ""
    before: str = NAV
    author: str = AUTHOR

    def page(self) -> bytes:
        """Write the page; what stands `between` follows the second and later paragraphs."""
        pieces = []
        for place, text in enumerate(PARAGRAPHS):
            pieces.append(self.paragraph.format(text, n=place))
            if 0 <= place - 1 < len(self.between):
                pieces.append(self.between[place - 1])
        body = self.body.format(top=self.top, text="\n".join(pieces))
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} | The '
            f"Sound "
            f"Herald</title>{self.head}</head><body>{self.before}{body}{self.after}{FOOTER}</body>"
            "</html>"
        ).encode()


ARTICLE = "<main><article>{top}{text}</article></main>"
STRUCTURES = {
    "text blocks": Structure(
        PERSON,
        f'<div data-component="headline-block">{H1}</div><div data-component="byline-block">{WHEN}'
        f'<div class="x-TextContributorName">{AUTHOR}</div><span>Coast correspondent</span></div>',
        '<main id="main-content"><article>{top}{text}</article></main>',
        '<div data-component="text-block" class="ssrcss-1"><p class="ssrcss-2"><b></b>{}</p></div>',
        (FIGURE, '<div data-component="links-block">' + RELATED + "</div>"),
    ),
    "hashed classes": Structure(
        PERSON + OG,
        f'<header class="css-1vk">{H1}<p id="article-summary" class="css-79r">A new terminal is to '
        f'take its place in June.</p><p class="css-4an">By <span '
        f'itemprop="name">{AUTHOR}</span></p>'
        f"{WHEN}</header>",
        '<main><article id="story">{top}<section name="articleBody"><div '
        'class="StoryBodyCompanion">'
        "{text}</div></section></article></main>",
        '<p class="css-at9mc1 evys1bk0">{}</p>',
        (AD, '<div class="css-dock"><p>Thank you for your patience while we verify access.</p>'
         "</div>"),
        BIO,
    ),
    "divs for paragraphs": Structure(
        PERSON,
        f'{H1}<div class="info"><a rel="author">{AUTHOR}</a>{WHEN}</div>',
        '<main><article><div '
        'class="article-body__content__17Yit">{top}{text}</div></article></main>',
        '<div class="text__text__1FZLe" data-testid="paragraph-{n}">{}</div>',
        ('<div data-testid="promo-box" class="promo-box"><p>The Daily Tide newsletter provides all '
         "the news you need to start your day. Sign up here.</p></div>",),
        '<p class="sign-off">Reporting by Mara Quist; Editing by Jon Pell</p>',
    ),
    "data-qa": Structure(
        PERSON,
        f'<h1 data-qa="headline">{TITLE}</h1><div data-qa="author-byline">By {AUTHOR}</div>'
        f'<span data-testid="display-date">{WHEN}</span>',
        '<main><article data-qa="main">{top}<div '
        'class="article-body">{text}</div></article></main>',
        '<div class="wpds-c-1" data-qa="article-body"><p data-el="text">{}</p></div>',
        ('<div data-qa="article-body-ad">Advertisement</div>',
         '<div data-qa="subscribe-promo" class="subscribe-promo"><p>Get the full experience. '
         'Choose '
         "your plan today.</p></div>"),
        COMMENTS,
    ),
    "inline placeholders": Structure(
        PERSON + OG,
        f'<h1 class="headline__text">{TITLE}</h1><div class="byline__names">By <span class='
        f'"byline__name">{AUTHOR}</span></div><div class="timestamp">Published 9:30 AM, Tue '
        f'March 5, '
        "2024</div>",
        '<section class="layout__main"><article>{top}<div class="article__content">{text}</div>'
        "</article></section>",
        '<p class="paragraph inline-placeholder vossi-paragraph">{}</p>',
        ('<div class="related-content"><a href="/1"><div>RELATED ARTICLE</div><div>Ferry fares to '
         "double in June</div></a></div>", AD),
    ),
    "speakable": Structure(
        LD % f'{{"@type":"Person","name":"{AUTHOR}"}}',
        f'{H1}<h2 class="sub-headline speakable">A terminal is to take its place</h2><div class='
        f'"author-byline">By <a>{AUTHOR}</a> <span>Sound Herald</span></div>',
        '<article class="article-wrap">{top}<div class="article-content"><div class="article-body">'
        "{text}</div></div></article>",
        "<p>{}</p>",
        ('<p><a href="/1"><strong>FERRY FARES TO DOUBLE IN JUNE, COUNCIL SAYS</strong></a></p>',
         '<div class="featured-video"><div class="caption"><p>Video</p></div></div>',
         '<p><a href="/2"><u><strong>CLICK HERE TO GET THE HERALD APP</strong></u></a></p>'),
    ),
    "rich text": Structure(
        PERSON,
        f'<h1 class="Page-headline">{TITLE}</h1><div class="Page-byline"><div class="Page-authors">'
        f'By <a class="Link">{AUTHOR}</a></div></div>',
        '<main class="Page-main">{top}<div class="Page-storyBody"><div class="RichTextStoryBody">'
        "{text}</div></div></main>",
        "<p>{}</p>",
        ('<div class="Enhancement"><div class="PageListEnhancement"><h3>Related '
         'Stories</h3><ul><li>'
         '<a href="/1">Ferry fares to double</a></li></ul></div></div>',
         '<div class="FreestarAd"></div>'),
        '<p>___</p><p>Follow the coast at <a href="/h">the hub</a>.</p>',
    ),
    "story text by id": Structure(
        NAMED + TIMES,
        f'<div class="storytitle">{H1}</div><div id="storybyline"><p '
        f'class="byline__name">{AUTHOR}</p>'
        '</div><div class="dateblock"><time datetime="2024-03-05T09:30:00-05:00">March 5, '
        '2024</time>'
        "</div>",
        '<main><article>{top}<div id="storytext" class="storytext">{text}</div></article></main>',
        "<p>{}</p>",
        ('<div id="res1" class="bucketwrap image"><div class="caption"><p>The old pier at dusk.</p>'
         '</div><span class="credit">L. Oum/Rapid Wire</span></div>',
         '<div class="bucketwrap internallink"><div class="bucket"><h3><a href="/1">Ferry fares to '
         "double</a></h3></div></div>"),
    ),
    "mol paragraphs": Structure(
        PERSON,
        f'<div id="js-article-text"><h2>{TITLE}</h2><p class="author-section byline-plain">By <a '
        f'class="author" rel="author">{AUTHOR}</a></p><p class="byline-section"><span class='
        '"article-timestamp-published">Published: <time>09:30 GMT, 5 March 2024</time></span></p>',
        "{top}<div itemprop='articleBody'>{text}</div></div>",
        '<p class="mol-para-with-font">{}</p>',
        ('<div class="mol-img-group"><p class="imageCaption">The old pier at dusk</p></div>',
         '<div class="mol-article-promo"><p>TRENDING</p></div>'),
        SIDEBAR,
    ),
    "article-body__content": Structure(
        PERSON + OG,
        f'{H1}<p class="lead-content__standfirst">A terminal is to take its place.</p><div class='
        f'"article-sub-data"><span class="author-name">{AUTHOR}</span> {WHEN}</div>',
        '<main><div class="article-body" data-article-body>{top}{text}</div></main>',
        "<p>{}</p>",
        ('<div class="read-more-container"><h3>Read more</h3><a href="/1">Ferry fares to double</a>'
         "</div>", LETTER, AD),
        MORE,
    ),
    "sdc": Structure(
        PERSON,
        f'{H1}<p class="sdc-article-header__sub-title">A terminal is to take its place.</p><p '
        f'class='
        f'"sdc-article-author__name">{AUTHOR}, coast reporter</p><p '
        f'class="sdc-article-date">Tuesday '
        "5 March 2024 09:30, UK</p>",
        '<div class="sdc-site-layout">{top}<div class="sdc-article-body sdc-article-body--story">'
        "{text}</div></div>",
        "<p>{}</p>",
        ('<p><strong>Read more:</strong><br><strong><a href="/1">Ferry fares to double</a></strong>'
         '<br><strong><a href="/2">Mill to reopen</a></strong></p>',
         '<div class="sdc-article-widget"><p>Please use Chrome browser for a more accessible video '
         "player</p></div>"),
    ),
    "wysiwyg": Structure(
        LD % '[{"@type":"Organization","name":"The Sound Herald"}]',
        f'<header class="article-header">{H1}<p class="article__subhead">A terminal is to take its '
        f'place.</p></header><div class="article-b-l"><div class="article-author-name">By <a '
        f'class="author-link">{AUTHOR}</a></div></div>',
        '<main id="main-content-area">{top}<div class="wysiwyg wysiwyg--all-content">{text}</div>'
        "</main>",
        "<p>{}</p>",
        (AD, '<div class="more-on"><h2>Recommended Stories</h2><ul><li><a href="/1">list 1 of 3 '
         "Ferry fares to double</a></li></ul></div>"),
    ),
    "article__paragraph": Structure(
        PERSON,
        f'<h1 class="article__title">{TITLE}</h1><p class="article__desc">A terminal is to take '
        f'its '
        f'place.</p><span class="meta__author">By {AUTHOR}</span><span '
        f'class="meta__date">Published '
        "on March 5, 2024, at 9:30 am (Paris), updated on March 6, 2024</span>",
        '<section class="zone--article">{top}<article class="article__content">{text}</article>'
        "</section>",
        '<p class="article__paragraph">{}</p>',
        ('<section class="catcher catcher--inner"><p>Read more <span>Subscribers only</span> <a '
         'href="/1">Ferry fares to double</a></p></section>',
         '<section class="article__reading-progress"><p>Subscribers only</p></section>'),
    ),
    "story span": Structure(
        NAMED + TIMES,
        f'<h1 class="detailHeadline">{TITLE}</h1><div class="bylineDetails"><span '
        f'class="authorText">'
        f'<a>{AUTHOR}</a></span><time class="timeStamp" datetime="{DAY}T09:30:00Z">Posted: '
        f'March 5, '
        "2024</time></div>",
        '<main><div class="detailContent">{top}<div class="story"><span>{text}</span></div></div>'
        "</main>",
        "<p>{}</p>",
        ('<span><span class="mediaEmbed"><span class="media-caption">WATCH | The pier in 1960:'
         "</span></span></span>",
         '<ul class="similarLinkList"><li><a href="/1"><span class="similarListText"><span>Ferry '
         "fares to double</span></span></a></li></ul>"),
    ),
    "article content boxes": Structure(
        PERSON + OG,
        f'<h1 class="article-title">{TITLE}</h1><p class="article-subtitle">A terminal is to take '
        f'its place.</p><div class="published-by"><span '
        f'class="published-by__author"><a>{AUTHOR}</a>'
        '</span></div><div class="published-date">Published Mar 05, 2024</div>',
        '<article class="article-content-story">{top}{text}</article>',
        '<section class="article-content__content-group"><p class="visually-hidden">Article content'
        "</p><p>{}</p></section>",
        ('<div class="ad__section-border">Advertisement 2<p>This advertisement has not loaded yet, '
         "but your article continues below.</p></div>",
         SUBSCRIBE,
         '<p class="trending-label">Recommended from Editorial</p><ol><li><a href="/1">Ferry '
         'fares to '
         "double in June</a></li></ol>"),
        '<section class="newsletter-widget"><p>By signing up you consent to receive the above '
        "newsletter.</p></section>",
    ),
    "article content lines": Structure(
        PERSON,
        f"{H1}{BY}",
        '<div class="article-content">{top}{text}</div>',
        "<p>{}</p>",
        ("<p>Article content</p>", "<p>Article content continued</p>",
         "<p>This advertisement has not loaded yet, but your article continues below.</p>",
         "<p>Article content</p>"),
    ),
    "paywalled paragraphs": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        '<article><div class="c-article">{top}{text}</div></article>',
        '<p class="c-article-body__text paywall">{}</p>',
        ('<div class="paywall-notice"><p>This content is for subscribers.</p></div>', RELATED),
    ),
    "paywall container": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        '<article>{top}<div class="meteredContent paywall-content">{text}</div></article>',
        "<p>{}</p>",
        (LETTER,),
    ),
    "breaks in a div": Structure(
        PERSON + OG,
        f'{H1}<div class="byline">{AUTHOR} | TNN | Mar 5, 2024, 09:30 IST</div>',
        '<div class="article"><div class="_s30J" data-articlebody="1">{top}{text}</div></div>',
        "{}<br><br>",
        ('<div class="cdatainfo mgid_ad">Advertisement</div>',
         '<div class="also-read"><a href="/1">Ferry fares to double in June</a></div>'),
    ),
    "unclosed aside": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        '<article>{top}<div class="content"><aside class="inline-note">{text}</div></article>',
    ),
    "caption repeats": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        '<article>{top}<div class="body">{text}</div></article>',
        "<p>{}</p>",
        (f"<figure><img src=a.jpg><figcaption>{PARAGRAPHS[5]}</figcaption></figure>",),
    ),
    "nothing in the head": Structure(
        NONE,
        f'{H1}<p class="byline">By {AUTHOR}</p><p class="date">March 5, 2024</p>',
        '<div id="content">{top}{text}</div>',
        after=SIDEBAR,
    ),
    "date under the headline": Structure(
        NAMED,
        f"{H1}<p>By {AUTHOR}</p><p>Tuesday, 5 March 2024</p>",
        '<div class="page"><div class="column">{top}{text}</div></div>',
    ),
    "date in the dateline": Structure(
        NAMED,
        f"{H1}<p>PORT ANNING, March 5, 2024 (Rapid Wire) - A vote was held on Tuesday night.</p>",
        ARTICLE,
    ),
    "tables of old": Structure(
        NONE,
        f'<font size="5"><b>{TITLE}</b></font><br>By {AUTHOR}<br>5 March 2024<br><br>',
        '<table><tr><td width="120"><a href="/">Home</a><br><a '
        'href="/n">News</a></td><td>{top}{text}'
        "</td></tr></table>",
        before="",
    ),
    "blog theme": Structure(
        OG + TIMES,
        f'<header class="entry-header"><h1 class="entry-title">{TITLE}</h1><div class="entry-meta">'
        f'<span class="posted-on">{WHEN}</span><span class="byline"> by <span class="author '
        f'vcard"><a '
        f'class="url fn n" href="/m">{AUTHOR}</a></span></span></div></header>',
        '<div id="primary"><article class="post type-post hentry">{top}<div class="entry-content">'
        "{text}</div></article></div>",
        "<p>{}</p>",
        ('<div class="sharedaddy sd-sharing-enabled">Share this: <a>Print</a></div>',),
        '<div class="jp-relatedposts"><h3>Related</h3></div>' + COMMENTS,
    ),
    "magazine": Structure(
        PERSON,
        f'<header><h1 class="ArticleTitle">{TITLE}</h1><p class="dek">A terminal is to take its '
        f'place.</p><address id="byline">By <a>{AUTHOR}</a></address>{WHEN}</header>',
        '<article class="article-content">{top}<section '
        'class="ArticleBody">{text}</section></article>',
        '<p class="ArticleParagraph_root" data-flatplan-paragraph="true">{}</p>',
        ('<p id="injected-recirculation-link-0" class="ArticleRelatedContentLink_root"><a '
         'href="/1">'
         "Read: Ferry fares to double</a></p>",
         '<aside class="pullquote"><p>“a slap in the face of everybody who lives out there”.</p>'
         "</aside>"),
    ),
    "group sections": Structure(
        PERSON,
        f'<h1 class="ArticleHeader-headline">{TITLE}</h1><time data-testid="published-timestamp" '
        f'datetime="{DAY}T09:30:00Z">Published Tue, Mar 5 2024</time><a class="Author-authorName">'
        f"{AUTHOR}</a>",
        '<div class="ArticleBody-articleBody">{top}<div class="RenderKeyPoints-list"><div class='
        '"RenderKeyPoints-wrapper"></div></div><div class="group">{text}</div></div>',
        "<p>{}</p>",
        ('<div class="InlineVideo"><div>VIDEO 02:11</div></div>',
         '<div class="Promo-wrapper promo"><h2>Don’t miss these stories</h2><ul><li><a '
         'href="/1">Ferry '
         "fares to double</a></li></ul></div>"),
    ),
    "live blog stamps": Structure(
        LD.replace("NewsArticle", "LiveBlogPosting") % f'{{"@type":"Person","name":"{AUTHOR}"}}',
        f"{H1}{BY}{WHEN}",
        '<main><article class="live-blog">{top}{text}</article></main>',
        '<div class="live-post"><span class="post-time"><time '
        'datetime="2024-03-05T10:0{n}:00Z">10:0{n}'
        "</time></span><p>{}</p></div>",
    ),
    "consent wall": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        ARTICLE,
        before='<div id="consent-banner" role="dialog"><h2>We value your privacy</h2><p>We and '
        'our 842 '
        "partners store and access information on a device, such as cookies, and process "
        "personal data."
        "</p><button>Accept</button></div>" + NAV,
    ),
    "sidebar of bylines": Structure(
        OG + TIMES,
        f'{H1}<p class="author">By {AUTHOR}</p>',
        ARTICLE,
        before=NAV + SIDEBAR,
    ),
    "publisher is no author": Structure(
        LD % '{"@type":"Organization","name":"The Sound Herald"}'
        + '<meta name="author" content="The Sound Herald">',
        f"{H1}{BY}",
        ARTICLE,
    ),
    "call-outs in text": Structure(
        PERSON,
        f"{H1}{BY}{WHEN}",
        ARTICLE,
        "<p>{}</p>",
        ('<div class="callout"><p>Do you live on the islands? Tell us what you think of the '
         'vote at '
         "news@sound.example.</p></div>",
         '<p><em>Sign up for our <a href="/l">Morning Tide newsletter</a> to get the news '
         'first.</em>'
         "</p>",
         '<p class="subscriber-box">Subscribe today for full access on every device.</p>'),
        SHARE,
    ),
    "stepped headings": Structure(
        PERSON,
        f'<hgroup>{H1}</hgroup>{BY}{WHEN}',
        '<main><article><div class="row"><div class="col-8">{top}<div '
        'class="rte">{text}</div></div>'
        '<div class="col-4">' + SIDEBAR + "</div></div></article></main>",
        "<p>{}</p>",
        ("<h2>What the islanders say</h2>", FIGURE),
    ),
    "microdata": Structure(
        NONE,
        f'<h1 itemprop="headline">{TITLE}</h1><span itemprop="author" itemscope><span '
        f'itemprop="name">'
        f'{AUTHOR}</span></span><meta itemprop="datePublished" content="{DAY}T09:30:00Z">',
        '<div itemscope itemtype="https://schema.org/NewsArticle">{top}<div itemprop="articleBody">'
        "{text}</div></div>",
        "<p>{}</p>",
        (RELATED, AD),
    ),
    "state agency": Structure(
        '<meta name="pubdate" content="2024-03-05">',
        f'<h1>{TITLE}</h1><div class="info">Source: The Sound Herald Editor: {AUTHOR} 2024-03-05 '
        "09:30:00</div>",
        '<div id="detail">{top}<div id="detailContent">{text}</div></div>',
        "<p>{}</p>",
        after='<div class="editor">Editor: huaxia</div>',
        author="",
    ),
}  # fmt: skip
