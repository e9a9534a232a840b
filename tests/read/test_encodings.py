"""Which encoding bytes are in: English with names from abroad, and texts in other languages."""

from __future__ import annotations

import pytest

from helpers.read.documents import decode

COURT = (
    "Prosecutors in {} charged {} on Wednesday with taking bribes from a builder. Police searched "
    "an office in {} for four hours. The trial is to open in October and may last until winter. "
)
BANK = "{1} – the first woman to lead the bank of {0} – said: “We won’t wait.” Nobody in {2} did. "
NAMES = [
    ("cp1250 iso-8859-2 cp852", "Poland", "Michał Błaszczyk", "Świnoujście"),
    ("cp1250 iso-8859-2 cp852", "Prague", "Petr Nečas", "České Budějovice"),
    ("cp1250 iso-8859-2", "Hungary", "Péter Szőke", "Székesfehérvár"),
    ("cp1250", "Romania", "Traian Băsescu", "Timişoara"),
    ("cp1254 iso-8859-9", "Turkey", "Recep Tayyip Erdoğan", "İzmir"),
    ("cp1257", "Lithuania", "Algirdas Butkevičius", "Šiauliai"),
    ("cp1252 mac-roman cp850", "France", "Ségolène Royère", "Nîmes"),
    ("cp1252", "Iceland", "Bjarni Guðmundsson", "Þórshöfn"),
    ("cp1252 mac-roman", "Brazil", "Antônio Simões", "São Luís"),
    ("cp1251 koi8-r iso-8859-5", "Russia", "the paper Новая газета", "Рязань"),
    ("cp1253 iso-8859-7", "Greece", "Γιώργος Βενιζέλος", "Θεσσαλονίκη"),
]
WHOLE = [
    ("cp1251 koi8-r", "Президент заявил, что правительство снова рассмотрит вопрос о пароме. "),
    ("cp1253", "Ο πρόεδρος δήλωσε ότι η κυβέρνηση θα εξετάσει ξανά το θέμα του πορθμείου. "),
    ("cp1250 iso-8859-2", "Prezydent powiedział we wtorek, że rząd się nad tym zastanowi. "),
    ("cp1250 iso-8859-2", "Prezident v úterý prohlásil, že vláda to znovu zváží, řekl úřad. "),
    ("cp1254", "Cumhurbaşkanı salı günü hükümetin konuyu yeniden ele alacağını söyledi. "),
    ("cp1252 mac-roman", "Le maire a refusé : « C’est déjà trop », a-t-il dit à la mairie. "),
    ("gb18030", "总统星期二表示,政府将再次考虑渡轮问题。市长说:我们别无选择。"),
]
FILES = [
    (encoding, text.format(*names))
    for encodings, *names in NAMES
    for encoding in encodings.split()
    for text in (COURT, BANK)
    if text is COURT or encoding.startswith(("cp125", "mac"))
] + [(encoding, text * 5) for encodings, text in WHOLE for encoding in encodings.split()]


@pytest.mark.parametrize(("encoding", "text"), FILES)
def test_words_tell_the_encoding(encoding: str, text: str):
    read, found = decode(text.encode(encoding))
    assert read == text
    assert "was read as" in found.problems()[0][1]


@pytest.mark.parametrize(
    "text",
    [
        "The fine was £500. It rained on the 5 km² lake, at 25 °C, and cost €3–4 million.",
        "The café was called Élan. The owner’s name was Glapinski, the mayor’s Sørensen.",
        "HÉLÈNE GRÉGOIRE, 54, OF SAINT-ÉTIENNE, WON. • The road is shut… Naïve, but it’s so.",
    ],
)
def test_what_english_writers_use_is_windows_1252(text: str):
    assert decode(text.encode("cp1252"))[0] == text
