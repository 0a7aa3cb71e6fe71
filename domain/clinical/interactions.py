"""Which ingredients must not be taken together, and which allergy speaks against which ingredient.

A small table to start from; a team puts its own knowledge base in its place. The pairs are among
those that an expert panel of the US Office of the National Coordinator found to be contraindicated
in any patient (Phansalkar et al., "High-priority drug-drug interactions for use in electronic
health records", J Am Med Inform Assoc 2012;19:735-743), by ingredient in place of class; the last
two are contraindications of the products' own labels. Ingredients are written as INN, lower case.
"""

from collections.abc import Iterable

MAO_INHIBITORS = frozenset({"isocarboxazid", "phenelzine", "selegiline", "tranylcypromine"})
SSRIS = frozenset(
    {"citalopram", "duloxetine", "escitalopram", "fluoxetine", "fluvoxamine", "paroxetine"}
    | {"sertraline"}
)
TRICYCLICS = frozenset({"amitriptyline", "clomipramine", "imipramine", "nortriptyline"})
AMPHETAMINES = frozenset({"amfetamine", "dexamfetamine", "lisdexamfetamine", "methylphenidate"})
TRIPTANS = frozenset({"rizatriptan", "sumatriptan", "zolmitriptan"})
PPIS = frozenset({"esomeprazole", "lansoprazole", "omeprazole", "pantoprazole", "rabeprazole"})
STRONG_CYP3A4_INHIBITORS = frozenset(
    {"clarithromycin", "itraconazole", "ketoconazole", "posaconazole", "ritonavir"}
)
STATINS_BY_CYP3A4 = frozenset({"lovastatin", "simvastatin"})
ERGOTS = frozenset({"dihydroergotamine", "ergotamine"})
NITRATES = frozenset({"glyceryl trinitrate", "isosorbide dinitrate", "isosorbide mononitrate"})
PDE5_INHIBITORS = frozenset({"sildenafil", "tadalafil", "vardenafil"})

INTERACTIONS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (MAO_INHIBITORS, SSRIS, "serotonin syndrome"),
    (MAO_INHIBITORS, TRICYCLICS, "serotonin syndrome, hypertensive crisis"),
    (MAO_INHIBITORS, AMPHETAMINES, "hypertensive crisis"),
    (MAO_INHIBITORS, TRIPTANS, "raised triptan levels, serotonin syndrome"),
    (MAO_INHIBITORS, frozenset({"pethidine"}), "serotonin syndrome, respiratory depression"),
    (frozenset({"atazanavir"}), PPIS, "atazanavir is not absorbed"),
    (
        frozenset({"febuxostat"}),
        frozenset({"azathioprine", "mercaptopurine"}),
        "bone marrow suppression",
    ),
    (STATINS_BY_CYP3A4, STRONG_CYP3A4_INHIBITORS, "rhabdomyolysis"),
    (ERGOTS, STRONG_CYP3A4_INHIBITORS, "ergotism"),
    (frozenset({"irinotecan"}), STRONG_CYP3A4_INHIBITORS, "irinotecan toxicity"),
    (frozenset({"tizanidine"}), frozenset({"ciprofloxacin", "fluvoxamine"}), "severe hypotension"),
    (frozenset({"ramelteon"}), frozenset({"fluvoxamine"}), "raised ramelteon levels"),
    (NITRATES, PDE5_INHIBITORS, "severe hypotension"),
    (frozenset({"methotrexate"}), frozenset({"trimethoprim"}), "bone marrow suppression"),
)
"""Two groups, any of the one with any of the other, and what comes of it."""

CLASSES: dict[str, frozenset[str]] = {
    "penicillin": frozenset(
        {"amoxicillin", "ampicillin", "benzylpenicillin", "flucloxacillin", "piperacillin"}
        | {"phenoxymethylpenicillin"}
    ),
    "cephalosporin": frozenset({"cefalexin", "cefazolin", "cefotaxime", "ceftriaxone"}),
    "sulfonamide": frozenset({"sulfadiazine", "sulfamethoxazole", "sulfasalazine"}),
    "nsaid": frozenset({"acetylsalicylic acid", "diclofenac", "ibuprofen", "naproxen"}),
}
"""What an allergy to a class stands for."""

ALLERGY = "allergy"
INTERACTION = "interaction"


def contraindications(
    ingredients: Iterable[str], allergies: Iterable[str], taken: Iterable[str]
) -> tuple[str, ...]:
    """What speaks against taking these ingredients, given allergies and what is taken already.

    Each is a sentence that names its two sides, the same whenever it is asked: an override is
    for the sentences that it was given for. In the order of the alphabet.
    """
    wanted, present = sorted(set(ingredients)), sorted(set(taken))
    found = {
        f"{ALLERGY}: {substance} ({each})"
        for substance in allergies
        for each in wanted
        if each == substance or each in CLASSES.get(substance, ())
    }
    found |= {
        f"{INTERACTION}: {min(each, other)} with {max(each, other)} ({effect})"
        for each in wanted
        for other in present
        for one, another, effect in INTERACTIONS
        if (each in one and other in another) or (each in another and other in one)
    }
    return tuple(sorted(found))


def ingredients_together(ingredients: Iterable[str]) -> tuple[str, ...]:
    """What speaks against these ingredients in one prescription: their own interactions."""
    return contraindications(ingredients, (), ingredients)
