"""Frequent English given names: the hundred or so most frequent ones of each sex in the public lists of births, without those that are everyday words."""

from __future__ import annotations

_NAMES = (
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald steven paul andrew joshua "
    "kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin "
    "samuel gregory alexander raymond patrick jack dennis jerry tyler aaron jose henry adam douglas nathan peter zachary kyle walter harold "
    "jeremy ethan carl keith roger gerald lawrence sean albert arthur joe noah jesse bryan bruce gabriel logan alan "
    "juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip johnny tom tony jim mike steve dave ben sam dan bob chris alex fred simon martin "
    "neil ian graham colin stuart craig derek trevor oliver oscar felix hugo "
    "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley kimberly emily donna michelle "
    "carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen "
    "samantha katherine christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia joyce kelly lauren christina "
    "joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara frances kathryn janice abigail alice "
    "julia judy sophia denise doris marilyn danielle beverly isabella theresa diana natalie brittany marie kayla alexis lori jane kate lucy "
    "sophie ella mia zoe claire fiona wendy vivian cindy tina anne eva nina rita vera"
)

_EUROPEAN = (
    "pierre antoine jean-marc jean-paul jean-pierre jean-luc jacques francois michel philippe laurent olivier nicolas thierry pascal christophe sebastien frederic stephane julien "
    "guillaume benoit xavier arnaud mathieu matthieu thibault bertrand didier etienne yves gilles herve bernard claude alain rene celine nathalie isabelle sylvie sophie valerie "
    "veronique aurelie delphine virginie sandrine emilie camille chloe mathilde charlotte audrey elodie brigitte francoise monique genevieve amelie margaux juliette "
    "hans klaus jurgen wolfgang dieter stefan andreas matthias tobias florian sebastian lukas jonas uwe heinz gunter gerhard dietmar karsten torsten sven lars bjorn henrik anders "
    "ulrike sabine petra katja anja silke birgit heike claudia ingrid astrid johanna katharina annika carlos javier miguel alejandro fernando pablo sergio diego rafael jorge luis "
    "antonio manuel francisco ricardo eduardo roberto lucia carmen pilar beatriz mercedes ines giulia francesca chiara alessandra paola giovanni giuseppe marco luca matteo lorenzo "
    "alessandro stefano andrei dmitri sergei ivan vladimir alexei mikhail nikolai natalia ekaterina tatiana olga irina joao paulo pedro rui"
)
"""Frequent given names of the larger languages of Europe, as they stand in the signatures of colleagues from abroad."""
FIRST_NAMES = frozenset(_NAMES.split()) | frozenset(_EUROPEAN.split())
"""In lower case. Months, virtues and things that are names too (april, grace, mark, rose, will) are left out."""

_MORE = (
    "lily grace amy ivy cherry apple candy sunny summer rain rose joy hope faith may june april crystal coco echo yoyo eason jay leo lucas max nick owen "
    "phil ray rex rick shawn stanley terry toby todd vic victor wilson winston allen alvin andy bill calvin carter chad cody dean dylan eddie edison elvis "
    "ernest evan frank franklin freddie gavin gilbert glen gordon grant harvey howard ivan jackie jackson jake jasper jeff jerome jimmy joel johnson jonas "
    "jordan karl kelvin ken kenny kent kurt lance leon leonard lewis louis luke marco mario mark marvin matt maurice maxwell michel mickey miles milton "
    "morgan nate nelson norman parker perry pierre quentin quincy ricky rob rocky rod roger ron ross rudy sammy sebastian shane sherman sidney spencer "
    "stan stewart ted theo tommy travis troy vance vernon vince wade wallace warren wesley will willie zack ada adele agnes alicia amber angel angelina "
    "annie audrey ava belinda bella bonnie camille carmen carrie cathy cecilia celia celine chloe christy clara connie daisy daphne debbie doreen dora "
    "eileen elaine eleanor elena elise ellen elsa erica erin esther eunice fanny flora florence freda gigi gina ginny haley hazel helena holly irene iris "
    "isabel jade janet jasmine jean jenna jenny jessie jill jo joanna jocelyn joey josephine juliet katie katrina kathy kitty kristen lena leslie lillian "
    "liz lola lorraine louise lydia mabel maggie mandy marian martina mavis melody mercy michele mimi miranda molly monica nadia nana naomi natasha nora "
    "olive pam patty paula peggy penny phoebe polly priscilla queenie regina renee robin rosa rosie roxanne ruby sabrina sally sandy selina serena sherry "
    "sheila stella sue susie suzanne sylvia tammy tanya tara tiffany tracy trista ursula valerie vanessa veronica vicky victoria violet virginia viola "
    "winnie xenia yolanda yvonne zelda bruce clark dennis derek duncan fiona gloria hank harry hubert irvin isaac janice jason jerry kyle lawrence lynn "
    "marcus maureen mindy myra nancy noel olga otto peter rita sandra selena shelly sonia sophia steven susan tim tina tony tyler vivian walter wayne yuki "
    "zoey "
)

MORE_FIRST_NAMES = FIRST_NAMES | frozenset(_MORE.split())
"""With those that are words too: believed beside a Chinese surname or before a Chinese title."""
