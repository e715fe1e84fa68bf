"""The words by which the editor recognizes what it measures, by language: data only.

A language that is missing here is measured by what needs no words: lengths, openings, repetitions and pictures.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: words that carry no picture and no meaning of their own
STOP: dict[str, frozenset[str]] = {
    "en": _words(
        "a an the and or but nor so yet for of in on at to from by with without into onto over under above below "
        "out up down off through across along around behind before after between beside near against toward "
        "towards until till since while when where what who whom whose which why how that this these those there "
        "here then than as if though although because unless is are was were be been being am do does did done "
        "has have had having can could will would should may might must not no only just even still again "
        "also too very more most much many less least few some any all every each both either neither other "
        "another one two its it he she they them him her his hers their theirs we us our you your i my me itself "
        "himself herself themselves now never always ever once own same such about like enough nothing something "
        "anything everything nobody somebody whatever let lets make makes made get gets got go goes went gone "
        "come comes came take takes took"
    ),
    "de": _words(
        "der die das den dem des ein eine einen einem einer eines und oder aber denn doch sondern nicht kein "
        "keine keinen keinem keiner keines in im an am auf zu zum zur von vom bei beim mit ohne aus nach vor "
        "hinter über unter zwischen neben durch für gegen um bis seit während wenn als ob weil dass da wo was "
        "wer wen wem wessen wie warum welche welcher welches dies diese dieser diesen dieses jene jener jeder "
        "jede jedes jeden ist sind war waren sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer er sie "
        "es sich ihn ihm ihnen wir uns man hat haben hatte hatten wird werden wurde wurden kann können konnte "
        "muss müssen soll sollen will wollen darf mag hier dort nun jetzt noch schon nur auch sehr mehr viel "
        "viele wenig so dann immer nie niemals wieder etwas nichts alles alle allem beide selbst doch mal ja "
        "eben einmal zwei macht machen gibt geht kommt"
    ),
}  # fmt: skip

#: something can be lost, is needed, hunts, ends: what an opening must have
STAKES: dict[str, str] = {
    "en": (
        r"\b(?:los(?:e|es|ing|t|s)|dies?|dying|dead|deaths?|deadly|kill\w*|drown\w*|starv\w*|hung(?:er|ry)|thirst\w*"
        r"|freez\w*|froze\w*|bleed\w*|perish\w*|burn(?:s|ed|ing)?|chok\w*|suffocat\w*|eaten|eats? (?:her|him|it"
        r"|them)|prey|predators?"
        r"|hunt(?:s|ed|er|ers|ing)?|poison\w*|venom\w*|danger\w*|risk\w*|gambl\w*|threat\w*|escap\w*|surviv\w*|alive"
        r"|orphan\w*|alone|wound(?:s|ed)?|injur\w*|broken|breaks?|must|ha(?:s|ve) to|cannot|can't|needs?"
        r"|too (?:late|early|far"
        r"|small|weak|thin|old|young|heavy|slow|cold|hot|soon)|before (?!(?:dawn|sunrise|sunset|the sun)\b)|until"
        r"|unless|or else"
        r"|if|without|empty|run(?:s|ning)? out|stop(?:s|ped)|(?:is|are|has|have|days|hours|minutes|weeks"
        r"|nights|chance"
        r"|nothing) left"
        r"|(?:minutes|hours|days|weeks|nights|seconds) (?:to|until|before|away)|enem(?:y|ies)|rivals?|steals?"
        r"|stolen|thie(?:f|ves)|fights?"
        r"|price|costs?|pays?|paid|fails?|failed|miss(?:es|ed)|chances?|gone|vanish\w*|disappear\w*|never|not enough"
        r"|enough|abandon\w*|trap(?:s|ped)?|hid(?:e|es|ing|den)|the last (?!(?:light|rays?|sun\w*|glow)\b)\w+"
        r"|her last|his last|their last|its last|shrink\w*"
        r"|melt(?:s|ing)? (?:away|under|from)|drying|dries|no (?:food|water|milk|rain|way|time|second|home|mother"
        r"|shelter)|nothing to eat|sink(?:s|ing)?)\b"
    ),
    "de": (
        r"\b(?:verl(?:ier|or)\w*|verlust\w*|stirbt|sterben|tod|tot|tödlich\w*|töte\w*|ertrink\w*|verhunger\w*"
        r"|hunger\w*"
        r"|hungrig\w*|durst\w*|erfrier\w*|erfror\w*|verblut\w*|verbrenn\w*|erstick\w*|beute|räuber\w*|jag\w*"
        r"|jäger\w*|gift\w*"
        r"|gefahr\w*|gefährlich\w*|risik\w*|wagnis|droh\w*|flieh\w*|flucht|entkomm\w*|überleb\w*|lebend\w*"
        r"|waise\w*|allein\w*"
        r"|wund\w*|verletz\w*|gebrochen\w*|muss|müssen|braucht|brauchen|zu (?:spät|früh|weit|klein|schwach|alt"
        r"|jung|schwer|langsam|wenig)"
        r"|bevor|bis|sonst|wenn|ohne|leer\w*|reicht nicht|bleib(?:t|en) (?:\w+ ){0,3}(?:tage?|stunden?|wochen"
        r"|minuten|nächte)|nur noch|feind\w*|rival\w*|stiehlt|stehlen|gestohlen\w*|dieb\w*"
        r"|kampf|kämpf\w*|preis|kostet|kosten|bezahl\w*|zahlt|scheiter\w*|verpass\w*|chance\w*|letzte\w*"
        r"|verschw[iu]nd\w*|fort|nie"
        r"|niemals|genug|verlass\w*|falle|versteck\w*|kein(?:e|en)? (?:futter|wasser|milch|nahrung|zeit|weg"
        r"|zweite\w*|schutz))\b"
    ),
    "ja": (
        r"死|命|失|飢|餓|空腹|渇|凍え|溺|殺|食べられ|食われ|襲|獲物|天敵|敵|狩|毒|危険|賭け|逃げ|生き(?:残|延)|最後"
        r"|残り"
        r"|残された"
        r"|なければ|ないと|もし|までに|前に|間に合|足りな|ひとり|一人|一羽|一頭だけ|傷|奪|盗|代償|失敗|戻らな|帰らな|消え"
        r"|尽き"
        r"|二度と"
    ),
}

#: what has been said in a thousand films; each with how an editor names it
STOCK: dict[str, tuple[str, ...]] = {
    "en": (
        r"circle of life",
        r"(?:mother )?nature'?s (?:fury|way|wrath|miracle|wonders?|masterpiece|grand (?:design|stage"
        r"|theat(?:er|re)))",
        r"(?:deep )?in the heart of", r"(?:a |the )?delicate balance", r"only the strong(?:est)? (?:will )?surviv\w+",
        r"survival of the fittest", r"little d(?:oes|o|id) (?:he|she|it|they) know", r"eat or be eaten",
        r"kill or be killed",
        r"a (?:constant|daily|never-ending|endless) (?:struggle|battle|fight)",
        r"fight(?:ing|s)? for (?:its|her|his|their) (?:very )?(?:life|lives|survival)",
        r"(?:battle|struggle|fight|race) for survival", r"race against time", r"against all odds",
        r"(?:a |the )?matter of life (?:and|or) death",
        r"life and death", r"(?:a |the )?dance (?:of|between) \w+", r"testament to", r"tapestry of",
        r"(?:a |the )?silent (?:hunter|killer|witness)",
        r"master(?:s)? of (?:disguise|camouflage|survival|the (?:sky|skies|sea|night))",
        r"(?:king|queen|ruler)s? of (?:the )?(?:jungle|beasts|sky|skies|sea|ocean|night|savanna\w*)",
        r"stands? the test of time", r"since (?:the dawn|the beginning) of time", r"dawn of time",
        r"time st(?:ands|ood) still", r"as old as time",
        r"calm before the storm", r"(?:a |the )?perfect (?:predator|hunter|killing machine|storm)",
        r"killing machine", r"unforgiving (?:land\w*|world|place|wilderness|desert|sea)",
        r"harsh(?:est)? (?:reality|conditions|environments?)", r"hangs? in the balance", r"hangs? by a thread",
        r"every (?:second|moment|breath|step|drop) counts",
        r"(?:the )?clock is ticking", r"time is running out", r"(?:no|nowhere) (?:place )?to hide",
        r"(?:a )?world of (?:its|their) own", r"untamed (?:beauty|wilderness|land)",
        r"hidden (?:world|gem)", r"(?:a )?land of (?:contrasts?|extremes|giants)", r"life finds a way",
        r"new (?:day|chapter|life|beginning) (?:dawns|begins|unfolds)",
        r"(?:a )?new chapter", r"the (?:drama|story|journey) (?:unfolds|begins|continues)",
        r"nature at its (?:best|finest|rawest)", r"breathtaking", r"awe-?inspiring", r"majestic\w*",
        r"(?:one of )?nature's (?:most|greatest)\b", r"a sight to behold", r"like clockwork",
        r"the stakes (?:are|could not be|couldn't be) high\w*", r"rules? (?:supreme|of the wild)",
        r"law of the (?:jungle|wild)", r"call of the wild", r"ultimate (?:sacrifice|price|test|predator)",
        r"(?:tooth|red in tooth) and claw", r"in the blink of an eye",
        r"at the mercy of", r"li(?:fe|ves) on the line",
        r"nature (?:has a way|finds a way|takes its course|is cruel)", r"a force (?:of nature|to be reckoned with)",
        r"timeless",
        r"where (?:life|danger|death) lurks", r"lurks? (?:in the shadows|beneath|around every)",
        r"around every corner",
    ),
    "de": (
        r"kreislauf (?:des lebens|der natur)", r"laune der natur", r"wunder der natur",
        r"(?:mitten |tief )?im herzen (?:de[rs]|von|afrikas|europas|asiens|\w+s)\b",
        r"(?:das )?(?:zarte|fragile|empfindliche|sensible|natürliche) gleichgewicht",
        r"nur (?:der stärkste|die stärksten|die starken) überleb\w+", r"fressen (?:und|oder) gefressen werden",
        r"kampf ums (?:nackte )?überleben", r"(?:um|ums) (?:nackte )?überleben kämpf\w*",
        r"kämpf\w* ums (?:nackte )?überleben", r"das nackte überleben",
        r"wettlauf (?:gegen|mit) (?:die|der) zeit", r"auf leben und tod",
        r"könig(?:in)?(?:nen)? (?:der|des) (?:lüfte|tiere|wälder|waldes|dschungels|meere|savanne|nacht)",
        r"herrscher(?:in)? (?:der|des) \w+",
        r"ruhe vor dem sturm", r"seit anbeginn der zeit", r"seit urzeiten",
        r"die zeit (?:scheint stillzustehen|steht still|läuft(?: \w+)? davon|läuft ab)", r"am seidenen faden",
        r"meister der (?:tarnung|anpassung|lüfte)", r"lautlose(?:r|n)? (?:jäger|killer)(?:in)?",
        r"perfekte(?:r|n)? (?:jäger|räuber|killer)(?:in)?", r"gesetz (?:des dschungels|der natur|der wildnis)",
        r"ruf der wildnis", r"schauspiel der natur", r"atemberaubend\w*", r"majestätisch\w*",
        r"unberührte\w* (?:natur|wildnis|landschaft)", r"eine welt für sich",
        r"gnadenlose\w* (?:natur|wildnis|welt|kampf)",
        r"ein neuer tag (?:beginnt|bricht an|erwacht)", r"(?:die natur|das leben|der wald) erwacht",
        r"jede sekunde zählt", r"mit allen wassern gewaschen", r"trügerische (?:ruhe|stille|idylle)",
        r"das leben findet (?:immer )?einen weg", r"land der (?:gegensätze|extreme)", r"naturgewalt\w*",
        r"was (?:er|sie|es|niemand) (?:noch )?nicht (?:weiß|ahnt)", r"der schein trügt", r"im wahrsten sinne",
        r"ein neues kapitel", r"im bruchteil einer sekunde", r"nichts für schwache nerven", r"kein entkommen",
    ),
    "ja": (
        r"弱肉強食", r"自然の(?:摂理|驚異|厳しさ|神秘|掟)", r"生命の(?:神秘|営み|輝き|環|輪)",
        r"命の(?:ドラマ|リレー|輝き|バトン)", r"大自然の",
        r"過酷な(?:自然|世界|環境)", r"生き残りをかけた", r"食うか食われるか", r"時間との(?:戦|闘)い",
        r"(?:百獣|森|空|海)の(?:王者|王)", r"静かなる", r"知られざる", r"嵐の前の静けさ", r"奇跡の(?:瞬間|命|物語)",
        r"壮大な(?:ドラマ|物語|旅)",
        r"新たな(?:一日|命|物語)が(?:始ま|生まれ)", r"息をのむ",
    ),
}  # fmt: skip

#: absolutes by family: a fact holds one when it has a word of the same family
ABSOLUTES: dict[str, dict[str, str]] = {
    "en": {
        "every": (
            r"\b(?:every (?!now and then|so often)(?:single )?\w+|everyone|everybody|everywhere|always"
            r"|without exception|without fail|all of (?:them|its|his|her|their)|all (?!(?:its|his|hers|this"
            r"|us|across|odds|sides|fours|costs|means|eyes|hours|ears)\b)\w+[^\Ws]s\b)"
        ),
        "never": (
            r"\b(?:never (?!mind)|(?:no one|nobody) (?:has ever|have ever|ever|knows|can|could|survives"
            r"|lives)|no other|no \w+ ever|none (?:of|survive\w*|return\w*)|nowhere|forever"
            r"|nothing (?:can|else|lives|survives)|impossible)"
        ),
        "only": r"\bthe only\b|\bnowhere else\b|\bthe sole\b",
    },
    "de": {
        "every": (
            r"\b(?:jede[rsnm]?|alle (?!\d|paar|zwei|drei|vier)(?:\w+ )?\w+|immer(?! (?:noch|wieder"
            r"|\w+er\b))|stets|ausnahmslos"
            r"|sämtliche\w*|überall)\b"
        ),
        "never": (
            r"\b(?:nie(?! wieder)|niemals|niemand (?:hat je|kann|kennt|weiß|überlebt)|keine?r? (?:andere\w*"
            r"|einzige\w*|überleb\w*)|nirgend\w*"
            r"|unmöglich|für immer|auf ewig)\b"
        ),
        "only": r"\b(?:de[rmns]|die|das) einzige\w*|\beinzig und allein\b",
    },
    "ja": {
        "every": r"必ず|(?:誰|だれ)もが|すべての|全ての|あらゆる|いつも|常に|どの\S{1,4}も(?=[^な])",
        "never": r"決して|絶対に|一度も|(?:誰|だれ)(?:も(?!が)|ひとり|一人)|二度と",
        "only": r"唯一",
    },
}  # fmt: skip
#: how a fact may say the same, whatever language the narration is in (facts are written in English)
HOLDS: dict[str, str] = {
    "every": (
        r"\b(?:every|each|always|all|any|daily|nightly|yearly|annual\w*|per (?:year|day|night)|without exception"
        r"|entire\w*|throughout|invariably|constant\w*|continuous\w*|every\w+|jede\w*|alle|immer|stets)\b|必ず|すべて"
        r"|全て|毎|常に"
    ),
    "never": (
        r"\b(?:never|no|none|nobody|nothing|not|cannot|unable|without|nowhere|does not|do not|rarely ever"
        r"|permanent\w*|fatal\w*|dies?|lethal|nie|niemals|kein\w*|nicht)\b|ない|決して"
    ),
    "only": r"\b(?:only|sole\w*|unique\w*|single|endemic|nowhere else|exclusive\w*|einzig\w*|nur)\b|唯一|だけ|のみ",
}  # fmt: skip

#: something moves from one place to another, or time goes by: causes of a change from one shot to the next
CAUSES: dict[str, dict[str, str]] = {
    "en": {
        "moves": (
            r"\b(?:walk(?:s|ed|ing)|runs (?!out)|running (?!out)|ran|swims|swimming|swam|fl(?:y|ies|ew|ying)"
            r"|climb(?:s|ed|ing)|crawl\w+|follow\w*|leav(?:es|ing)|left (?:the|its|her|his|their)|reach(?:es|ed)"
            r"|cross(?:es|ed|ing)|return\w*|enter\w*|arriv\w+|chas\w+|flees?|fled|heads? (?:for|to|home|out|back)"
            r"|wad(?:es|ed|ing)|dives|diving|drift\w+|slips (?:into|away|out|through)|march\w+|glid\w+|sails|sailing"
            r"|carr(?:y|ies|ied) \w+|descend\w*|migrat\w+|wander\w+|travel\w*|trek\w*|push(?:es)? on"
            r"|turns? (?:back|away|for)"
            r"|comes?|came|goes|went|steps (?:into|onto|out|off|over)|drops (?:into|to|from)|sinks|lands|approach\w+"
            r"|retreat\w*|back (?:to|at|in|on)|home|downstream|upstream|inland|ashore|offshore|elsewhere|miles"
            r"|kilomet\w+|far (?:below|above|away|off)|down (?:to|into|in)|up (?:to|into|on)|out (?:of|to"
            r"|on|into|over)"
            r"|into|toward|towards|inside|outside)\b"
        ),
        "time": (
            r"\b(?:dawn|daybreak|sunrise|morning|noon|midday|afternoon|evening|dusk|sunset|twilight|night\w*|midnight"
            r"|tonight|tomorrow|today|light (?:fades|goes|comes|returns)|fades?|dark\w*|grows? (?:dark|light|late)"
            r"|sun (?:is|has|sets|rises|drops|climbs|goes|comes)|moon\w*)\b"
        ),
        "passes": (
            r"\b(?:later|next|hours?|minutes?|days?|weeks?|months?|seasons?|spring|summer|autumn|winter|until|till"
            r"|by (?:the time|then)|after\w*|soon|finally|at last|meanwhile|long ago|years?)\b"
        ),
        "weather": (
            r"\b(?:rain\w*|storm\w*|snow(?:s|ing|fall)|fog\w*|mist\w*|clouds?|clear(?:s|ed|ing)|drizzle|thunder\w*"
            r"|lightning|blizzard|hail|sky|skies|weather|gusts?|gale|front|the wind (?:turns|rises|drops))\b"
        ),
    },
    "de": {
        "moves": (
            r"\b(?:läuft|laufen|geht|gehen|zieht|ziehen|schwimmt|schwimmen|fliegt|fliegen|klettert\w*|kriecht|folgt"
            r"|verlässt|verlassen|erreicht|kehrt|zurück|kommt|kommen|wandert|taucht|treibt|flieht|fliehen|springt"
            r"|steigt|sinkt|trägt|hinab|hinauf|hinein|hinaus|hinüber|heim|nach hause|drüben|draußen"
            r"|jenseits|kilometer\w*)\b"
        ),
        "time": (
            r"\b(?:morgen\w*|mittag\w*|nachmittag\w*|abend\w*|nacht|nachts|nächte\w*|dämmer\w*|sonnen(?:auf"
            r"|unter)gang\w*"
            r"|dunkel\w*|hell\w*|mond\w*)\b"
        ),
        "passes": (
            r"\b(?:später|nächste\w*|stunden?|minuten?|tage?n?|wochen?|monaten?|monate|jahre?n?|frühling|frühjahr"
            r"|sommer|herbst|winter|bis|danach|endlich|bald|inzwischen)\b"
        ),
        "weather": (
            r"\b(?:regen\w*|regnet|sturm\w*|schneit|nebel\w*|wolken?\w*|klart\w*|gewitter\w*|donner\w*"
            r"|blitz\w*|hagel\w*"
            r"|himmel\w*|wetter\w*)\b"
        ),
    },
    "ja": {
        "moves": r"歩|走|泳|飛|登|這|追|離れ|着|渡|戻|帰|入|出|向か|逃げ|潜|流され|進|越え|降り|運",
        "time": r"夜|朝|昼|夕|暮れ|明け|月明",
        "passes": r"翌|次の|後|やがて|時間|日後|週|か月|季節|春|夏|秋|冬|ついに",
        "weather": r"雨|嵐|雪が|霧|雲|晴|雷|空",
    },
}  # fmt: skip

#: times of day in the order in which they pass, and weather: what a shot's light names (English, as beats are)
PHASES: tuple[tuple[str, str], ...] = (
    ("night", r"\b(?:night\w*|midnight|moonlight|moonlit|starlight|starlit|nacht\w*)\b|夜"),
    ("dawn", r"\b(?:dawn|daybreak|sunrise|first light|morgendämmerung|sonnenaufgang)\b|夜明け"),
    ("morning", r"\b(?:morning|(?:früher |am )?morgen)\b|朝"),
    ("noon", r"\b(?:noon|midday|high sun|mittag\w*)\b|昼"),
    ("afternoon", r"\b(?:afternoon|nachmittag\w*|late day)\b|午後"),
    ("dusk", r"\b(?:dusk|sunset|sundown|twilight|nightfall|evening|last light|abend\w*|sonnenuntergang)\b|夕"),
)
WEATHERS: tuple[tuple[str, str], ...] = (
    ("rain", r"\b(?:rain\w*|drizzl\w*|downpour|thunder\w*|storm\w*|regen\w*|gewitter\w*)\b|雨|嵐"),
    ("snowfall", r"\b(?:snowfall|snowing|falling snow|blizzard|snowstorm|driving snow|schneefall)\b|吹雪"),
    ("fog", r"\b(?:fog\w*|mist\w*|haz[ey]\w*|nebel\w*)\b|霧"),
    ("clear sky", r"\b(?:clear|sunny|cloudless|bright sun|full sun|blue sk(?:y|ies)|klar\w*|sonnig\w*)\b|晴"),
)
#: sizes of shots as prompts name them
SIZES: tuple[tuple[str, str], ...] = (
    ("aerial", r"\b(?:aerial|from (?:high )?above|bird'?s[- ]eye|drone)\b"),
    ("macro", r"\bmacro\b|\bextreme close"),
    ("close", r"\b(?:close-?up|close shot|tight (?:shot|portrait|on)|portrait of)\b"),
    ("wide", r"\b(?:wide(?:[- ](?:shot|view|angle))?|panorama|vast|establishing)\b"),
    ("medium", r"\b(?:medium (?:shot|view)|mid[- ]shot|full figure)\b"),
)
