"""Emergencies and crises: what fires, what asks, what stays quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.clinical.model import Care, Reading, Signal
from bot.clinical.reading import Reader

READER = Reader.load(Path(__file__).parents[2] / "knowledge")

ANSWER = {"locks": (False, False), "asks": (True, False), "conditional": (True, True)}

# Message, row, care, and whether the booking is locked, the row's question asked, or only the numbers shown.
URGENT = [
    ("my chest is killing me", "chest_pain", "ambulance", "asks"),
    ("I've got this heavy feeling in my chest", "chest_pain", "ambulance", "asks"),
    ("feels like someone is sitting on my chest", "chest_pain", "ambulance", "locks"),
    ("there's a tightness across my chest when I walk", "chest_pain", "ambulance", "asks"),
    ("pain in my chest going into my jaw", "chest_pain", "ambulance", "locks"),
    ("chest hurts when I breathe in", "chest_pain", "ambulance", "asks"),
    ("I feel a squeezing in my chest", "chest_pain", "ambulance", "locks"),
    ("I'm having chest pains", "chest_pain", "ambulance", "locks"),
    ("chestpain", "chest_pain", "ambulance", "asks"),
    ("my chst hurts", "chest_pain", "ambulance", "asks"),
    ("my heart is racing and I feel faint", "heart_disease", "ambulance", "locks"),
    ("I feel breathless all of a sudden", "breathing_difficulty", "ambulance", "locks"),
    ("I'm struggling to breathe", "breathing_difficulty", "ambulance", "locks"),
    ("finding it hard to breathe", "breathing_difficulty", "ambulance", "asks"),
    ("can't get my breath", "breathing_difficulty", "ambulance", "locks"),
    ("I cough up blood", "breathing_difficulty", "ambulance", "locks"),
    ("my inhaler isn't working", "breathing_difficulty", "ambulance", "locks"),
    ("lips going blue", "breathing_difficulty", "ambulance", "locks"),
    ("one side of my face has gone numb", "stroke_signs", "ambulance", "locks"),
    ("my mouth is drooping on one side", "stroke_signs", "ambulance", "asks"),
    ("I can't feel my left side", "stroke_signs", "ambulance", "locks"),
    ("my speech is slurred", "stroke_signs", "ambulance", "locks"),
    ("I suddenly can't see out of my right eye", "stroke_signs", "ambulance", "locks"),
    ("gone blind in one eye", "stroke_signs", "ambulance", "asks"),
    ("my words are coming out wrong", "stroke_signs", "ambulance", "asks"),
    ("my arm went weak for ten minutes yesterday", "stroke_signs", "ambulance", "locks"),
    ("my grandma is talking gibberish", "stroke_signs", "ambulance", "asks"),
    ("he collapsed and isn't breathing", "breathing_difficulty", "ambulance", "locks"),
    ("someone collapsed in your waiting room", "epilepsy", "ambulance", "locks"),
    ("my head feels like it's exploding, worst pain ever", "thunderclap_headache", "ambulance", "asks"),
    ("this is the worst migraine I have ever had", "thunderclap_headache", "ambulance", "asks"),
    ("I have a sudden splitting headache", "thunderclap_headache", "ambulance", "locks"),
    ("headache with vomiting after bumping my head", "thunderclap_headache", "ambulance", "asks"),
    ("I've got a really stiff neck, fever and light hurts my eyes", "fever_infection", "ambulance", "locks"),
    ("never had a headache like this", "thunderclap_headache", "ambulance", "asks"),
    ("my neck hurts like never before and I feel dizzy", "cervical_artery_dissection", "ambulance", "locks"),
    ("neck ache and trouble swallowing", "cervical_artery_dissection", "ambulance", "asks"),
    ("since the chiropractor cracked my neck I'm dizzy", "cervical_artery_dissection", "ambulance", "asks"),
    ("I keep having drop attacks", "cervical_artery_dissection", "ambulance", "asks"),
    ("my eyelid is droopy and my neck aches", "cervical_artery_dissection", "ambulance", "asks"),
    ("I've lost feeling between my legs", "cauda_equina", "ambulance", "asks"),
    ("I can't tell when I need to pee", "cauda_equina", "ambulance", "asks"),
    ("I've wet myself twice and my back hurts", "cauda_equina", "ambulance", "asks"),
    ("can't feel it when I wipe", "cauda_equina", "ambulance", "locks"),
    ("both my legs have gone weak", "cauda_equina", "ambulance", "locks"),
    ("my legs keep giving way", "cauda_equina", "ambulance", "asks"),
    ("tingling in both legs and back pain", "cauda_equina", "ambulance", "asks"),
    ("back pain and I can't control my bowels", "cauda_equina", "ambulance", "locks"),
    ("can't go to the toilet, no feeling down there", "cauda_equina", "ambulance", "locks"),
    ("my calf is really sore and swollen after my flight", "dvt_pe_signs", "same_day", "asks"),
    ("right leg is red and warm", "dvt_pe_signs", "same_day", "asks"),
    ("my thigh is swollen and throbbing", "dvt_pe_signs", "same_day", "asks"),
    ("I think I've got a DVT", "dvt_pe_signs", "same_day", "asks"),
    ("is it a blood clot if my calf is hot?", "dvt_pe_signs", "same_day", "conditional"),
    ("my arm is swollen and blue", "dvt_pe_signs", "same_day", "asks"),
    ("leg gone cold and white", "dvt_pe_signs", "ambulance", "locks"),
    ("I'm pregnant and seeing spots", "pregnancy_danger_signs", "same_day", "asks"),
    ("pregnant with swollen face and hands", "pregnancy_danger_signs", "same_day", "asks"),
    ("34 weeks and bleeding", "pregnancy_danger_signs", "same_day", "asks"),
    ("my waters broke", "pregnancy_danger_signs", "same_day", "locks"),
    ("I gave birth 3 weeks ago and have a bad headache", "pregnancy_danger_signs", "same_day", "asks"),
    ("pregnant, one leg is swollen", "dvt_pe_signs", "same_day", "locks"),
    ("pregnant and leaking fluid", "pregnancy_danger_signs", "same_day", "locks"),
    ("can't feel the baby kick", "pregnancy_danger_signs", "same_day", "locks"),
    ("my urine is the colour of coke", "rhabdomyolysis_signs", "same_day", "asks"),
    ("peeing brown after my workout", "rhabdomyolysis_signs", "same_day", "asks"),
    ("muscles swollen and weak after massage, dark pee", "rhabdomyolysis_signs", "same_day", "asks"),
    ("on blood thinners and banged my head", "head_neck_trauma", "ambulance", "locks"),
    ("I bumped my head and I'm on rivaroxaban", "head_neck_trauma", "ambulance", "locks"),
    ("on apixaban, black stools", "anticoagulants", "same_day", "locks"),
    ("hit my head and feel sick", "head_neck_trauma", "ambulance", "locks"),
    ("knocked out playing rugby on Saturday", "head_neck_trauma", "ambulance", "locks"),
    ("was in a crash and now my arms tingle", "head_neck_trauma", "ambulance", "locks"),
    ("allergic reaction, my lips are swelling", "allergies", "ambulance", "locks"),
    ("my throat is closing up", "breathing_difficulty", "ambulance", "locks"),
    ("I'm having a hypo", "diabetes", "ambulance", "locks"),
    ("my sugar is low and I'm shaking", "diabetes", "ambulance", "locks"),
    ("my friend is drunk and won't wake up", "intoxication", "ambulance", "locks"),
    ("mixed alcohol with xanax", "intoxication", "ambulance", "locks"),
    ("heard a pop in my calf and can't walk", "torn_muscle_tendon", "same_day", "locks"),
    ("I fell and can't put weight on my foot", "suspected_fracture", "same_day", "locks"),
    ("my wrist looks deformed after a fall", "suspected_fracture", "same_day", "locks"),
    ("fever and my knee is hot and swollen", "inflammatory_arthritis", "same_day", "locks"),
    ("on chemo and shivering", "cancer_active", "same_day", "locks"),
    ("I take immunosuppressants and have a fever", "longterm_steroids", "same_day", "locks"),
    ("blood pressure 190/125 and a headache", "hypertension", "ambulance", "locks"),
    ("my defibrillator went off twice", "pacemaker_icd", "same_day", "locks"),
    ("pain tearing through my back", "aneurysm", "ambulance", "locks"),
    ("I have an aneurysm and sudden stomach pain", "aneurysm", "ambulance", "locks"),
    ("wound from my operation is oozing", "recent_surgery", "same_day", "locks"),
    ("I had a hysterectomy 2 weeks ago and my calf hurts", "dvt_pe_signs", "same_day", "locks"),
    ("bleeding won't stop", "anticoagulants", "same_day", "locks"),
    ("bad burn on my arm", "open_wounds_burns", "same_day", "locks"),
    ("my skin is going yellow", "kidney_liver", "same_day", "locks"),
    ("kidney pain and fever", "kidney_liver", "same_day", "locks"),
    ("weakness in my leg getting worse over the last two days", "nerve_symptoms", "same_day", "locks"),
    ("I have cancer and can't feel my legs", "cauda_equina", "ambulance", "locks"),
    ("fever with low back pain", "night_pain_weight_loss", "same_day", "locks"),
    ("I've a temperature and a stiff neck", "fever_infection", "ambulance", "locks"),
    ("rash that doesn't fade", "fever_infection", "ambulance", "locks"),
    ("red streaks going up my arm", "contagious_skin", "same_day", "locks"),
    ("passed out this morning", "epilepsy", "ambulance", "locks"),
    ("having a seizure", "epilepsy", "ambulance", "locks"),
    ("my son is having a fit", "epilepsy", "ambulance", "locks"),
    ("I'm 30 weeks and I've had some bleeding", "pregnancy_danger_signs", "same_day", "locks"),
    ("had a baby last week and my vision is blurry", "pregnancy_danger_signs", "same_day", "asks"),
    ("gave birth a month ago, my leg is swollen and sore", "dvt_pe_signs", "same_day", "asks"),
    ("I'm expecting and my hands and face have swollen up", "dvt_pe_signs", "same_day", "asks"),
    ("8 months pregnant with pain under my ribs", "pregnancy_danger_signs", "same_day", "asks"),
    ("pregnant and my tummy is going hard every few minutes", "pregnancy_danger_signs", "same_day", "asks"),
    ("my water just broke", "pregnancy_danger_signs", "same_day", "locks"),
    ("I had a c-section 10 days ago and I'm getting bad headaches", "pregnancy_danger_signs", "same_day", "locks"),
    ("I'm pregnant and I keep seeing flashing lights", "pregnancy_danger_signs", "same_day", "asks"),
    ("not felt my baby move since yesterday", "pregnancy_danger_signs", "same_day", "locks"),
    ("neck is sore and my vision has gone double", "cervical_artery_dissection", "ambulance", "asks"),
    ("dizzy and neck pain after a car crash", "cervical_artery_dissection", "ambulance", "asks"),
    ("bad neck pain on one side and my eyelid is drooping", "cervical_artery_dissection", "ambulance", "asks"),
    ("neck pain, can't swallow properly", "cervical_artery_dissection", "ambulance", "locks"),
    ("my neck hurts and my face feels numb", "cervical_artery_dissection", "ambulance", "asks"),
    ("I get dizzy when I turn my head and my neck is sore", "cervical_artery_dissection", "ambulance", "asks"),
    (
        "after my neck was manipulated I've had vertigo and a headache",
        "cervical_artery_dissection",
        "ambulance",
        "asks",
    ),
    ("neck pain and I feel unsteady on my feet", "cervical_artery_dissection", "ambulance", "locks"),
    (
        "I've had a strange neck pain since yesterday and slurred speech",
        "cervical_artery_dissection",
        "ambulance",
        "locks",
    ),
    ("calf sore after flying home from Australia", "dvt_pe_signs", "same_day", "locks"),
    ("my lower leg is warm and tender", "dvt_pe_signs", "same_day", "asks"),
    ("there's a hard sore spot on my calf and it's swollen", "dvt_pe_signs", "same_day", "asks"),
    ("I'm on the pill and my calf hurts", "dvt_pe_signs", "same_day", "asks"),
    ("my arm has swollen up and gone a funny colour", "dvt_pe_signs", "same_day", "asks"),
    ("I've been in a cast for 3 weeks and my calf is throbbing", "dvt_pe_signs", "same_day", "locks"),
    ("swollen calf and short of breath", "dvt_pe_signs", "ambulance", "locks"),
    ("my leg hurts and I'm coughing blood", "breathing_difficulty", "ambulance", "locks"),
    ("have a clot and now I can't breathe", "breathing_difficulty", "ambulance", "locks"),
    ("one of my legs is bigger than the other", "dvt_pe_signs", "same_day", "locks"),
    ("leg has turned pale and cold", "dvt_pe_signs", "ambulance", "locks"),
    ("my foot went cold and blue", "dvt_pe_signs", "ambulance", "locks"),
    ("varicose vein has gone hot and hard", "varicose_veins", "same_day", "locks"),
    ("hot red vein in my leg", "varicose_veins", "same_day", "locks"),
    ("my lymphedema arm is suddenly red and hot", "dvt_pe_signs", "same_day", "locks"),
    ("my arm where the nodes were removed is hot and red", "lymphedema_nodes", "same_day", "locks"),
    ("surgical scar is red and weeping", "recent_surgery", "same_day", "locks"),
    ("my stitches have come open", "recent_surgery", "same_day", "locks"),
    ("my knee replacement is red and I have a fever", "inflammatory_arthritis", "same_day", "locks"),
    ("my knee blew up overnight, hot and red and I feel feverish", "inflammatory_arthritis", "same_day", "locks"),
    ("one joint suddenly very hot and painful", "inflammatory_arthritis", "same_day", "locks"),
    ("gout toe, and I'm shivering with a temperature", "inflammatory_arthritis", "same_day", "locks"),
    ("skin on my leg is hot, red and spreading", "dvt_pe_signs", "same_day", "locks"),
    ("a rash is spreading fast and I feel ill", "contagious_skin", "same_day", "locks"),
    ("cellulitis spreading up my leg", "contagious_skin", "same_day", "locks"),
    ("I burned my hand badly with boiling oil", "open_wounds_burns", "same_day", "locks"),
    ("my cut is gushing blood", "open_wounds_burns", "same_day", "locks"),
    ("I had filler yesterday and my skin is turning white", "recent_injections", "same_day", "locks"),
    ("lip filler and my sight is blurry", "recent_injections", "same_day", "locks"),
    ("my back hurts and I have a high fever", "night_pain_weight_loss", "same_day", "locks"),
    ("flank pain and chills", "kidney_liver", "same_day", "locks"),
    ("I haven't peed all day and my kidneys hurt", "cauda_equina", "ambulance", "locks"),
    ("my eyes have gone yellow", "kidney_liver", "same_day", "locks"),
    ("liver disease and I feel confused", "kidney_liver", "same_day", "locks"),
    ("osteoporosis, coughed and now my back is agony and legs are numb", "cauda_equina", "ambulance", "locks"),
    ("my hands are getting weaker every day", "nerve_symptoms", "same_day", "locks"),
    ("I've lost strength in my arm since yesterday", "nerve_symptoms", "same_day", "locks"),
    ("can't walk properly, legs getting weaker this week", "nerve_symptoms", "same_day", "locks"),
    ("my leg gave way after a pop in the knee", "torn_muscle_tendon", "same_day", "locks"),
    ("I felt my achilles snap and I can't stand on tiptoe", "torn_muscle_tendon", "same_day", "locks"),
    ("my shoulder popped and I can't lift my arm", "stroke_signs", "ambulance", "locks"),
    ("my ankle is twisted the wrong way", "suspected_fracture", "same_day", "locks"),
    ("rolled my ankle and can't bear weight", "suspected_fracture", "same_day", "locks"),
    ("neck pain after a car accident this morning", "suspected_fracture", "same_day", "locks"),
    ("ICD shocked me this morning", "pacemaker_icd", "same_day", "locks"),
    ("pacemaker and I fainted", "pacemaker_icd", "same_day", "locks"),
    ("on heparin and have huge new bruises", "anticoagulants", "same_day", "locks"),
    ("on blood thinners with blood in my urine", "anticoagulants", "same_day", "locks"),
    ("I take warfarin, fell in the shower", "head_neck_trauma", "ambulance", "locks"),
    ("haemophiliac and hit my head", "head_neck_trauma", "ambulance", "locks"),
    ("low platelets and my nose won't stop bleeding", "anticoagulants", "same_day", "locks"),
    ("losing weight and have fever and back pain", "night_pain_weight_loss", "same_day", "locks"),
    ("had cancer before, now back pain and weak legs", "cancer_active", "same_day", "locks"),
    ("prostate cancer, new back pain, can't pee", "cauda_equina", "ambulance", "locks"),
    ("chemo last week and feverish", "cancer_active", "same_day", "locks"),
    ("I'm on methotrexate and have a high temperature", "inflammatory_arthritis", "same_day", "locks"),
    ("kidney transplant and a fever", "kidney_liver", "same_day", "locks"),
    ("diabetic, vomiting and my breath smells fruity", "diabetes", "ambulance", "locks"),
    ("my blood sugar is 2 and I feel shaky", "diabetes", "ambulance", "locks"),
    ("asthma attack and inhaler not helping", "breathing_difficulty", "ambulance", "locks"),
    ("fainted twice today", "epilepsy", "ambulance", "locks"),
    ("first ever seizure yesterday", "epilepsy", "ambulance", "locks"),
    ("black outs, never been checked", "epilepsy", "ambulance", "locks"),
    ("confused and feverish", "fever_infection", "ambulance", "locks"),
    ("hit my head last night and been sick since", "head_neck_trauma", "ambulance", "locks"),
    ("concussion last week and headache getting worse", "thunderclap_headache", "ambulance", "locks"),
    ("banged head, now vision blurry", "head_neck_trauma", "ambulance", "locks"),
    ("fell downstairs, pins and needles in both arms", "head_neck_trauma", "ambulance", "locks"),
    ("tongue is swelling up after the nuts", "allergies", "ambulance", "locks"),
    ("hives all over and wheezing", "allergies", "ambulance", "locks"),
    ("bp 200/120 with chest pain", "hypertension", "ambulance", "locks"),
    ("my BP is 185 over 122 and I have blurred vision", "hypertension", "ambulance", "locks"),
    ("sudden tearing pain between my shoulder blades", "aneurysm", "ambulance", "locks"),
    ("sudden severe stomach pain and I fainted", "aneurysm", "ambulance", "locks"),
    ("pulsing in my stomach and back pain", "aneurysm", "ambulance", "locks"),
    ("i just want it all to be over", "suicidal_crisis", "crisis", "locks"),
    ("i wish i was dead", "suicidal_crisis", "crisis", "locks"),
    ("i wish I could just go to sleep and not wake up", "suicidal_crisis", "crisis", "locks"),
    ("nobody would notice if i was gone", "suicidal_crisis", "crisis", "locks"),
    ("i feel like there's no way out", "suicidal_crisis", "crisis", "locks"),
    ("im thinking about ending my life", "suicidal_crisis", "crisis", "locks"),
    ("thinking of ending it all tonight", "suicidal_crisis", "crisis", "locks"),
    ("i can't do this anymore", "suicidal_crisis", "crisis", "locks"),
    ("i cant go on anymore", "suicidal_crisis", "crisis", "locks"),
    ("whats the point of living", "suicidal_crisis", "crisis", "locks"),
    ("there's no point anymore", "suicidal_crisis", "crisis", "locks"),
    ("i don't see a reason to keep going", "suicidal_crisis", "crisis", "locks"),
    ("im done with life", "suicidal_crisis", "crisis", "locks"),
    ("i want to disappear forever", "suicidal_crisis", "crisis", "locks"),
    ("i hate my life and want to die", "suicidal_crisis", "crisis", "locks"),
    ("i think about dying every day", "suicidal_crisis", "crisis", "locks"),
    ("I have a plan to kill myself", "suicidal_crisis", "crisis", "locks"),
    ("i've been having suicidal thoughts", "suicidal_crisis", "crisis", "locks"),
    ("i tried to kill myself last week", "suicidal_crisis", "crisis", "locks"),
    ("i overdosed last night", "suicidal_crisis", "ambulance", "locks"),
    ("took a whole bottle of tylenol", "suicidal_crisis", "ambulance", "locks"),
    ("i took 30 paracetamol", "suicidal_crisis", "ambulance", "locks"),
    ("my friend took an overdose", "suicidal_crisis", "ambulance", "locks"),
    ("my friend is talking about killing herself", "suicidal_crisis", "crisis", "locks"),
    ("my son says he doesn't want to live", "suicidal_crisis", "crisis", "locks"),
    ("my husband is suicidal", "suicidal_crisis", "crisis", "locks"),
    ("worried my sister might hurt herself", "suicidal_crisis", "crisis", "locks"),
    ("i want to hurt myself", "suicidal_crisis", "crisis", "locks"),
    ("i keep hurting myself", "suicidal_crisis", "crisis", "locks"),
    ("i've been self harming again", "suicidal_crisis", "crisis", "locks"),
    ("i cut myself last night on purpose", "suicidal_crisis", "ambulance", "locks"),
    ("i feel like cutting again", "suicidal_crisis", "crisis", "locks"),
    ("i'm going to jump off a bridge", "suicidal_crisis", "crisis", "locks"),
    ("i want to jump in front of a train", "suicidal_crisis", "crisis", "locks"),
    ("i have a rope ready", "suicidal_crisis", "ambulance", "locks"),
    ("got a gun and i'm gonna use it", "suicidal_crisis", "ambulance", "locks"),
    ("i don't want to live with this pain anymore", "suicidal_crisis", "crisis", "locks"),
    ("this pain makes me want to die", "suicidal_crisis", "crisis", "locks"),
    ("if the pain doesn't stop i'll kill myself", "suicidal_crisis", "crisis", "locks"),
    ("i'd rather be dead than live like this", "suicidal_crisis", "crisis", "locks"),
    ("i can't live like this anymore", "suicidal_crisis", "crisis", "locks"),
    ("no one would care if I died", "suicidal_crisis", "crisis", "locks"),
    ("they'd all be better off if I was dead", "suicidal_crisis", "crisis", "locks"),
    ("the world would be better without me", "suicidal_crisis", "crisis", "locks"),
    ("i'm a burden to everyone", "suicidal_crisis", "crisis", "locks"),
    ("i wanna unalive myself", "suicidal_crisis", "crisis", "locks"),
    ("want to unalive", "suicidal_crisis", "crisis", "locks"),
    ("kms", "suicidal_crisis", "crisis", "locks"),
    ("gonna kms", "suicidal_crisis", "crisis", "locks"),
    ("sewerslide", "suicidal_crisis", "crisis", "locks"),
    ("i have nothing to live for", "suicidal_crisis", "crisis", "locks"),
    ("life isn't worth living", "suicidal_crisis", "crisis", "locks"),
    ("life is not worth it anymore", "suicidal_crisis", "crisis", "locks"),
    ("ive lost the will to live", "suicidal_crisis", "crisis", "locks"),
    ("i give up on life", "suicidal_crisis", "crisis", "locks"),
    ("goodbye everyone, i'm sorry", "suicidal_crisis", "crisis", "locks"),
    ("this is goodbye", "suicidal_crisis", "crisis", "locks"),
    ("i won't be around much longer", "suicidal_crisis", "crisis", "locks"),
    ("im planning my suicide", "suicidal_crisis", "crisis", "locks"),
    ("wrote my goodbye letter", "suicidal_crisis", "crisis", "locks"),
    ("ready to end it", "suicidal_crisis", "crisis", "locks"),
    ("i want the pain to end forever, i want to be gone", "suicidal_crisis", "crisis", "locks"),
    ("i am in crisis", "suicidal_crisis", "crisis", "locks"),
    ("not sure i want to be alive", "suicidal_crisis", "crisis", "locks"),
    ("dont know if i can stay safe tonight", "suicidal_crisis", "crisis", "locks"),
    ("i'm not safe", "suicidal_crisis", "crisis", "locks"),
    ("i might do something stupid", "suicidal_crisis", "crisis", "locks"),
    ("i feel unsafe with myself", "suicidal_crisis", "crisis", "locks"),
    ("voices tell me to hurt myself", "suicidal_crisis", "crisis", "locks"),
    ("can't see a future", "suicidal_crisis", "crisis", "locks"),
    ("everything is hopeless and I want to end things", "suicidal_crisis", "crisis", "locks"),
    ("I feel suicidal", "suicidal_crisis", "crisis", "locks"),
    ("suicide", "suicidal_crisis", "crisis", "locks"),
    ("im depressed and thinking about suicide", "suicidal_crisis", "crisis", "locks"),
    ("thoughts of self-harm", "suicidal_crisis", "crisis", "locks"),
    ("maybe i should just die", "suicidal_crisis", "crisis", "locks"),
    ("i should just kill myself", "suicidal_crisis", "crisis", "locks"),
    ("would be easier if i was dead", "suicidal_crisis", "crisis", "locks"),
    ("i'd be better off dead", "suicidal_crisis", "crisis", "locks"),
    ("hope i don't wake up tomorrow", "suicidal_crisis", "crisis", "locks"),
    ("I've had enough of life", "suicidal_crisis", "crisis", "locks"),
    ("i'm tired of living", "suicidal_crisis", "crisis", "locks"),
    ("tired of being alive", "suicidal_crisis", "crisis", "locks"),
    ("tired of everything, want it to stop", "suicidal_crisis", "crisis", "locks"),
    ("i dont want to exist", "suicidal_crisis", "crisis", "locks"),
    ("i don't want to wake up tomorrow", "suicidal_crisis", "crisis", "locks"),
    ("i dont feel like living", "suicidal_crisis", "crisis", "locks"),
    ("i don't feel like being alive", "suicidal_crisis", "crisis", "locks"),
    ("no reason to live", "suicidal_crisis", "crisis", "locks"),
    ("my life is over", "suicidal_crisis", "crisis", "locks"),
    ("my life has no meaning", "suicidal_crisis", "crisis", "locks"),
    ("I want to go to heaven and be with my mum", "suicidal_crisis", "crisis", "locks"),
    ("i'm gonna end myself", "suicidal_crisis", "crisis", "locks"),
    ("i'm about to end it", "suicidal_crisis", "crisis", "locks"),
    ("i will kill myself", "suicidal_crisis", "crisis", "locks"),
    ("ill do it tonight, no one can stop me", "suicidal_crisis", "crisis", "locks"),
    ("i am going to take my own life", "suicidal_crisis", "crisis", "locks"),
    ("he took his own life", "suicidal_crisis", "crisis", "locks"),
    ("he's threatening to kill himself", "suicidal_crisis", "crisis", "locks"),
    ("she said she wants to die", "suicidal_crisis", "crisis", "locks"),
    ("my mum keeps saying she'd be better off dead", "suicidal_crisis", "crisis", "locks"),
    ("my kid is cutting", "suicidal_crisis", "crisis", "locks"),
    ("don't want to live in pain anymore", "suicidal_crisis", "crisis", "locks"),
    ("I can't cope anymore", "suicidal_crisis", "crisis", "locks"),
]

# The ten worked examples of the specification and their like.
EXAMPLES = [
    ("my chest muscles are sore from the gym", "chest_pain", "ambulance", "asks"),
    ("my husband has chest pain right now", "chest_pain", "ambulance", "locks"),
    ("what are the signs of a stroke?", "stroke_signs", "ambulance", "conditional"),
    ("if someone has chest pain what should I do", "chest_pain", "ambulance", "conditional"),
    ("my chest feels tight and my left arm is numb", "chest_pain", "ambulance", "locks"),
    ("pregnant and bleeding", "pregnancy_danger_signs", "same_day", "locks"),
    ("sciatica down both legs", "cauda_equina", "ambulance", "asks"),
    ("on warfarin and hit my head", "head_neck_trauma", "ambulance", "locks"),
    ("had chest pains last week but not now", "chest_pain", "ambulance", "asks"),
    ("I had a TIA yesterday", "stroke_signs", "ambulance", "locks"),
    ("how do you deal with suicidal clients?", "suicidal_crisis", "crisis", "conditional"),
    ("I took all my pills", "suicidal_crisis", "ambulance", "locks"),
    ("HELP!!! CHEST PAIN RIGHT NOW", "chest_pain", "ambulance", "locks"),
    ("I can\u2019t breathe", "breathing_difficulty", "ambulance", "locks"),
    ("chestpain, started an hour ago", "chest_pain", "ambulance", "locks"),
    ("I have chest pain. It started an hour ago.", "chest_pain", "ambulance", "locks"),
]

QUIET = [
    "cannot lift arm over head, massage for shoulder possible?",
    "i cant lift my arm past 90 degrees, frozen shoulder",
    "am i meant to let my arms go floppy or hold them up",
    "i dont want to be in your system anymore",
    "this back pain is killing me",
    "my neck is killing me",
    "I'm dying for a massage",
    "I could kill for a massage",
    "dead tired",
    "heart-broken",
    "my legs feel dead after leg day",
    "no chest pain, no numbness",
    "no chest pain, just a stiff neck",
    "I had a stroke in 2019",
    "can people with a blood clot get massage?",
    "nope, nothing",
    "ok I lied, I have no swelling",
    "haha jk",
    "I had chest pain years ago, doctor said it was muscle strain",
    "my mum had a stroke last year",
    "I have asthma, well controlled with an inhaler",
    "I get migraines about once a month",
    "I'm going to kill my boss if he gives me more overtime",
    "I don't want to hurt myself lifting again",
    "I could die for a coffee",
    "I nearly died laughing",
    "these shoes are killing me",
    "suicide squad was a great film",
    "what's the point of trigger point massage",
    "I can't go on Tuesday",
    "I want to end my membership",
    "I want to die of embarrassment",
    "my phone is dying",
    "working myself to death",
    "I cut myself shaving",
    "hurt myself at the gym",
    "can you squeeze me in today? I can't wait",
    "I can't make it on Friday",
    "do you have a slot right now?",
    "I'd like to book a 60 minute session",
    "I take lots of pills",
    "sore after my last session",
]

CRISIS_OVER = [
    "I'm not suicidal",
    "I was suicidal years ago, I'm fine now",
    "I used to self harm as a teenager",
    "I tried to kill myself 10 years ago",
    "I don't want to die",
    "I am not thinking of harming myself",
]


def emergency(reading: Reading) -> tuple[str, str, tuple[bool, bool]] | None:
    found = reading.emergency
    if found is None:
        return None
    return (found.condition, found.care.value, (found.asking, found.conditional))


@pytest.mark.parametrize(("text", "row", "care", "answer"), [*EXAMPLES, *URGENT])
def test_urgent_words_fire(text: str, row: str, care: str, answer: str) -> None:
    reading = READER.read(text)
    assert emergency(reading) == (row, care, ANSWER[answer])
    assert row in {mention.condition for mention in reading.mentions}


@pytest.mark.parametrize("text", QUIET)
def test_ordinary_words_stay_quiet(text: str) -> None:
    assert READER.read(text).emergency is None


@pytest.mark.parametrize("text", CRISIS_OVER)
def test_a_crisis_denied_or_long_past_locks_nothing(text: str) -> None:
    reading = READER.read(text)
    assert reading.emergency is None
    assert Signal.CRISIS_PAST in reading.signals


@pytest.mark.parametrize(
    ("text", "third_person"),
    [
        ("my husband has chest pain right now", True),
        ("my wife's face is drooping and she can't speak", True),
        ("he collapsed and isn't breathing", True),
        ("my brother says he wants to end it all", True),
        ("my wife says my leg is swollen", False),
        ("I have chest pain and my husband is worried", False),
        ("everyone would be better off without me", False),
    ],
)
def test_somebody_else(text: str, third_person: bool) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert found.third_person is third_person


def test_the_more_urgent_of_two_comes_first() -> None:
    crisis = READER.read("my chest hurts right now and I want to die").emergency
    assert crisis is not None
    assert crisis.care is Care.CRISIS
    ambulance = READER.read("my calf is swollen and hot since this morning, and I can't breathe").emergency
    assert ambulance is not None
    assert (ambulance.care, ambulance.asking) == (Care.AMBULANCE, False)


def test_a_real_emergency_goes_before_a_question_about_another() -> None:
    found = READER.read("my calf is swollen and hot since this morning. What are the signs of a stroke?").emergency
    assert found is not None
    assert (found.condition, found.conditional) == ("dvt_pe_signs", False)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("I'm depressed, can massage help?", Signal.LOW_MOOD),
        ("my husband hits me", Signal.ABUSE_DISCLOSED),
        ("I'm booking for my wife", Signal.FOR_ANOTHER_ADULT),
        ("I take zorbitrin for my skin", Signal.UNKNOWN_MEDICINE),
        ("I take lots of pills", Signal.UNKNOWN_MEDICINE),
        ("my elbow is severely painful and numb", Signal.UNPLACED_RED_FLAG),
        ("HIV positive", Signal.SENSITIVE),
        ("ok I lied, it's fine now", Signal.TAKES_BACK),
        ("haha jk", Signal.TAKES_BACK),
    ],
)
def test_signals(text: str, signal: Signal) -> None:
    assert signal in READER.read(text).signals


@pytest.mark.parametrize(
    "text",
    [
        "I take vitamin D and magnesium",
        "I take dance classes",
        "I'm on the bus",
        "no sudden swelling of my elbow",
        "hi",
    ],
)
def test_no_signal(text: str) -> None:
    assert READER.read(text).signals == frozenset()


# Families of wordings: subjects, symptom words and places in the order people use.
FAMILIES = [
    ("my dad is clutching his chest and gone grey", "chest_pain"),
    ("pain right in the middle of my chest", "chest_pain"),
    ("like a vice round my ribs", "chest_pain"),
    ("angina is playing up and the spray isn't helping", "chest_pain"),
    ("never had chest pain before today", "chest_pain"),
    ("no chest pain today, had some yesterday", "chest_pain"),
    ("my chest doesn't hurt when I rest, only when I climb stairs", "chest_pain"),
    ("can't finish a sentence without stopping for air", "breathing_difficulty"),
    ("there was blood in what I coughed up", "breathing_difficulty"),
    ("my asthma is really bad tonight and the blue inhaler does nothing", "breathing_difficulty"),
    ("my right hand suddenly stopped working", "stroke_signs"),
    ("dad's talking nonsense all of a sudden", "stroke_signs"),
    ("my mother's smile is on one side only", "stroke_signs"),
    ("right arm won't do what I tell it", "stroke_signs"),
    ("my face isn't drooping now but it was this morning", "stroke_signs"),
    ("had a stroke last year and my arm has gone weak again", "stroke_tia_history"),
    ("headache out of the blue, unbearable", "thunderclap_headache"),
    ("massive headache that peaked instantly", "thunderclap_headache"),
    ("the worst pain in my head I ever felt", "thunderclap_headache"),
    ("my neck was cracked yesterday and now the world is spinning", "cervical_artery_dissection"),
    ("neck ache and my tongue feels numb", "cervical_artery_dissection"),
    ("no sensation when I wipe", "cauda_equina"),
    ("can't feel the toilet paper", "cauda_equina"),
    ("back is bad and I feel nothing down there", "cauda_equina"),
    ("sitting on the toilet feels like sitting on cotton wool", "cauda_equina"),
    ("my leg has turned a purple colour", "dvt_pe_signs"),
    ("my leg isn't swollen but it's hot and red", "dvt_pe_signs"),
    ("swollen calf, no pain", "dvt_pe_signs"),
    ("my foot is icy cold and pale", "dvt_pe_signs"),
    ("my bump has gone quiet", "pregnancy_danger_signs"),
    ("28 weeks, hands and face puffed up overnight", "pregnancy_danger_signs"),
    ("bleeding at 12 weeks", "pregnancy_danger_signs"),
    ("my pee came out nearly black", "rhabdomyolysis_signs"),
    ("massage yesterday, today dark pee", "rhabdomyolysis_signs"),
    ("I don't want to die, I just want the pain to stop", "suicidal_crisis"),
    ("I don't trust myself tonight", "suicidal_crisis"),
    ("my brother is talking about ending it", "suicidal_crisis"),
    ("is 30 paracetamol enough to die", "suicidal_crisis"),
    ("what's the easiest way out", "suicidal_crisis"),
    ("I keep picturing driving into a tree", "suicidal_crisis"),
    ("I wish I could stop existing", "suicidal_crisis"),
    ("my sister sent me a goodbye text", "suicidal_crisis"),
    ("foot dropped this morning", "nerve_symptoms"),
    ("crash last week, tingling in both arms", "head_neck_trauma"),
    ("stent last year and chest pressure now", "chest_pain"),
]


@pytest.mark.parametrize(("text", "row"), FAMILIES)
def test_families_of_wordings_fire(text: str, row: str) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert found.condition == row
    assert not found.conditional


@pytest.mark.parametrize(
    "text",
    [
        "I can't make it to my appointment on Friday",
        "they need me at work so I must cancel",
        "I won't be here next week, can we move it",
        "I want to stop the screening",
        "I don't want to continue",
        "I'm going to jump on the bus now",
        "do I need an emergency contact",
        "family emergency, need to cancel",
        "I need urgent help with my booking",
        "want to cut down on painkillers, does massage help",
        "could I stop taking painkillers",
        "sore calves after running",
        "hot stones on my legs please",
        "he is not answering my emails",
        "she isn't moving house after all",
        "I can't find the button",
        "my chest is hairy, is that a problem",
        "emergency symptoms list please",
    ],
)
def test_the_talk_around_a_booking_fires_nothing(text: str) -> None:
    assert READER.read(text).emergency is None


# A harmless cause, a thing instead of a person, an age long past: and beside each the near words that must still fire.
EXPLAINED = [
    ("the dentist numbed half my face an hour ago", "half my face went numb after the dentist and now my arm is weak"),
    ("my face was numb yesterday because the dentist filled a tooth", "my mouth is numb, I have the dentist tomorrow"),
    ("lip numb since the wisdom tooth in 2021", "lip numb since the wisdom tooth and my speech is slurred"),
    ("half my face is numb, the dentist did a filling", "half my face is numb and I haven't been to the dentist"),
    (
        "bell's palsy eight years ago, smile slightly crooked still",
        "bell's palsy years ago and now my smile has gone crooked",
    ),
    ("my mouth is crooked since birth", "my mouth is crooked since breakfast"),
    ("my finger is crooked since birth", "my finger is crooked since the fall"),
    ("lips tingle from the chilli wings", "lips tingling after a curry and my tongue is swelling"),
    ("numb bum from the cinema seats, gone when I stand", "numb bum after the bike ride and I can't pee"),
    ("my bum goes numb on long drives", "my bum is numb since the long drive yesterday"),
    ("bum numb till I walk round the truck", "my bum is numb"),
    ("sciatica in my left leg since march, bladder normal", "bladder normal but I'm numb between my legs"),
    ("sciatica left leg, bladder and all that normal", "sciatica down both legs, bladder normal"),
    ("my waterworks were checked, no infection", "my waterworks have stopped"),
    ("legs swell both sides on hot days", "legs swell on hot days and now the left calf is red"),
    ("hot legs from the electric blanket", "hot legs from the bath and the right calf is swollen"),
    ("fingers go white in the cold, raynaud's since 17", "raynaud's, but one foot has gone white and numb"),
    ("bruise on my arm, going yellow", "bruise on my arm and my skin is going yellow"),
    ("black poo from iron tablets, my doctor told me", "black tarry poo, iron tablets, my doctor told me"),
    ("black poo from iron tablets, the doctor warned me", "black poo, I take iron tablets"),
    ("can't breathe through my nose, hay fever", "can't breathe through my nose or my mouth"),
    ("couldn't breathe for laughing", "couldn't breathe for laughing, now my chest hurts"),
    ("can't breathe in this bridesmaid dress", "can't breathe in this heat"),
    ("I get breathless in lifts", "I get breathless when I lift"),
    ("can't lie flat because of reflux", "can't lie flat because of my breathing"),
    ("sats 97", "sats 84"),
    ("half my face is numb from the dentist", "half my face is numb, not from the dentist"),
    ("half my face is numb from the dentist today", "half my face is numb from the dentist and it's getting worse"),
    ("no numbness, no weakness, bladder fine", "numbness, weakness, bladder fine"),
    ("no longer breathless", "breathless"),
    ("swollen feet at 36 weeks, midwife happy", "swollen feet and face at 36 weeks, midwife happy"),
    ("ectopic beats, harmless", "ectopic pregnancy"),
    ("bled at 9 weeks with my son, he's six foot two", "bled at 9 weeks with my first and I'm pregnant again"),
    (
        "doctor scanned the swollen leg, no clot, a baker's cyst",
        "doctor scanned the swollen leg, no clot, but it is getting worse",
    ),
    ("couldn't pee after the op in 2017, no issue ever since", "couldn't pee after the op in 2017 and can't pee now"),
    ("our coach collapsed two seasons ago, he's refereeing again", "our coach collapsed"),
    ("my crypto collapsed", "my cousin collapsed"),
    ("the scrum collapsed", "somebody in the scrum collapsed and is unconscious"),
    ("drowning in ironing", "drowning"),
    ("this collar is choking me", "this man is choking"),
    ("tapped out by a choke in bjj", "I choke in my sleep"),
    ("my heart stopped when arsenal missed", "his heart stopped"),
    ("five cardiac arrests this week, I'm a paramedic", "cardiac arrest"),
    ("no pulse on this internet connection", "no pulse"),
    ("i shot a wedding", "i was shot"),
    ("black stools in the waiting room", "black stools"),
    ("knee pain and hay fever", "knee hot and fever"),
    ("slugs ate my hostas", "he slurs"),
    ("no never coughing blood", "no lack of coughing blood"),
    ("no I don't have chest pain", "no way, I have chest pain"),
    ("drowning sorrows in lemonade", "drowning in the sea"),
]
MEANT_OF_THINGS = [
    ("I want to end it, the membership I mean", "I want to end it, the pain I mean"),
    ("I can't go on the big rides", "I can't go on"),
    ("can't go on like this, these curtains are hideous", "can't go on like this"),
    ("can't take it anymore, the drilling", "can't take it anymore"),
    ("I don't want to be here anymore, I mean on this mailing list", "I don't want to be here anymore"),
    ("I want to vanish into a duvet", "I want to vanish"),
    ("I want to disappear into a warm towel", "I want to disappear into the sea"),
    ("what is the point of a voucher", "what is the point of it all"),
    ("nobody will miss me if I sneak out", "nobody will miss me"),
    ("everyone's better off without my cooking", "everyone's better off without me"),
    ("nothing left to live on till thursday", "nothing left to live for"),
    ("no point in living in london", "no point in living"),
    ("no future in this job", "I have no future"),
    ("I don't see a future for us, me and this office chair", "I don't see a future for me"),
    ("shoot me now, it's parents evening", "shoot me now"),
    ("kill me now, it's leg day", "kill me now"),
    ("put me out of my misery and tell me the price", "put me out of my misery"),
    ("finish me off with the hot towel", "please finish me off"),
    ("I do a drill called suicides", "we talked about suicide"),
    ("unalive my calves", "unalive myself"),
    ("I bought a razor scooter", "I bought a razor"),
    ("ran 40 kms", "I'm 34, kms"),
    ("on the roof terrace", "on the roof terrace and I'm going to jump"),
    ("at the end of my rope, printer jam number nine", "at the end of my rope with this pain"),
    ("no i am not suicidal, it's a song lyric", "no i am suicidal, it's not a song lyric"),
    ("my character jumps off a roof in act two", "he jumps off a roof"),
]


@pytest.mark.parametrize(("calm", "urgent"), [*EXPLAINED, *MEANT_OF_THINGS])
def test_a_harmless_cause_keeps_it_quiet_and_only_there(calm: str, urgent: str) -> None:
    assert READER.read(calm).emergency is None
    assert READER.read(urgent).emergency is not None


@pytest.mark.parametrize(
    "text",
    [
        "took an overdose at 17, i'm 44, three kids",
        "i was suicidal at 22, now i'm 51",
        "self harm scars on my legs are fifteen years old",
        "past self harm, twelve years free",
        "i was suicidal in my teens, years of therapy since",
    ],
)
def test_an_old_crisis_is_offered_the_line_kindly(text: str) -> None:
    reading = READER.read(text)
    assert reading.emergency is None
    assert Signal.CRISIS_PAST in reading.signals


@pytest.mark.parametrize(
    "text",
    [
        "I am 15 years old and suicidal",
        "suicidal at 15, please help",
        "took an overdose at 17, i'm 44, and I want to do it again",
        "i was suicidal in my teens and it is back",
        "i used to be suicidal and it's back",
        "I took an overdose",
        "self harm scars fifteen years old, and I feel like cutting",
    ],
)
def test_an_old_crisis_that_may_be_back_is_one(text: str) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert found.condition == "suicidal_crisis"
    assert not found.asking


def test_a_loss_that_passed_within_the_hour_is_an_emergency() -> None:
    found = READER.read("lost power in my arm for an hour").emergency
    assert found is not None
    assert (found.condition, found.asking) == ("stroke_signs", False)


def test_what_is_explained_stays_a_finding() -> None:
    assert "breathing_difficulty" in {m.condition for m in READER.read("can't breathe through my nose").mentions}
