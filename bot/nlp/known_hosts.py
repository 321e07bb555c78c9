"""Well-known sites, in their registrable domains, and what is needed to find that part of a host.

The lists are facts anybody can look up. They hold no site where strangers get a subdomain of their own
(those are `HOSTING`): what stands below `github.io` says nothing about GitHub.
"""

from typing import Final

from bot.nlp.words import words_of

# Services whose names are imitated: the word looked for, and the domain it belongs to.
BRANDS: Final = {
    "discord": "discord.com",
    "hypesquad": "discord.com",
    "nitro": "discord.com",
    "steamcommunity": "steamcommunity.com",
    "steampowered": "steampowered.com",
    "steam": "steampowered.com",
    "roblox": "roblox.com",
    "robux": "roblox.com",
    "epicgames": "epicgames.com",
    "fortnite": "fortnite.com",
    "twitch": "twitch.tv",
    "minecraft": "minecraft.net",
    "hypixel": "hypixel.net",
    "valorant": "playvalorant.com",
    "paypal": "paypal.com",
    "telegram": "telegram.org",
    "whatsapp": "whatsapp.com",
    "instagram": "instagram.com",
    "facebook": "facebook.com",
    "youtube": "youtube.com",
    "netflix": "netflix.com",
    "spotify": "spotify.com",
    "amazon": "amazon.com",
    "google": "google.com",
    "microsoft": "microsoft.com",
    "github": "github.com",
    "binance": "binance.com",
    "coinbase": "coinbase.com",
    "metamask": "metamask.io",
    "opensea": "opensea.io",
    "walletconnect": "walletconnect.com",
    "layerzero": "layerzero.network",
    "mee6": "mee6.xyz",
    "dyno": "dyno.gg",
    "csgo": "counter-strike.net",
    "pubg": "pubg.com",
    "rblx": "roblox.com",
}

# Two labels that are one suffix, and sites that give strangers a name below theirs.
SUFFIXES: Final = words_of(
    "co.uk org.uk me.uk ac.uk gov.uk com.au net.au org.au edu.au co.nz org.nz com.br net.br org.br co.jp"
    " ne.jp or.jp ac.jp co.kr co.in net.in org.in ac.in com.cn net.cn org.cn com.tw org.tw com.hk com.sg"
    " com.my co.id co.th com.tr com.ua com.pl net.pl org.pl com.mx com.ar com.co co.za co.il ac.il com.gr"
    " com.ru net.ru org.ru pp.ru com.vn com.ph com.es com.pt co.at ac.at or.at gov.au com.sa co.ve com.pe"
)
HOSTING: Final = words_of(
    "github.io gitlab.io pages.dev workers.dev netlify.app vercel.app now.sh herokuapp.com onrender.com"
    " fly.dev railway.app web.app firebaseapp.com appspot.com glitch.me repl.co replit.app repl.it"
    " surge.sh deno.dev blogspot.com wordpress.com tumblr.com weebly.com wixsite.com webflow.io"
    " neocities.org carrd.co tripod.com myshopify.com itch.io gitbook.io readthedocs.io readthedocs.org"
    " sourceforge.net sf.net launchpad.net js.org s3.amazonaws.com amazonaws.com azurewebsites.net"
    " cloudfront.net crisp.help zendesk.com notion.site ru.com eu.com us.com uk.com de.com cn.com com.de"
    " eu.org ae.org pp.ua co.vu rf.gd 000webhostapp.com y0host.com no-ip.org no-ip.com ddns.net"
    " duckdns.org dyndns.org myvnc.com giize.com ngrok.io ngrok-free.app trycloudflare.com r2.dev ipfs.io"
)
SHORTENERS: Final = words_of(
    "bit.ly tinyurl.com t.co goo.gl is.gd v.gd cutt.ly rb.gy shorturl.at ow.ly buff.ly rebrand.ly tiny.cc"
    " t.ly s.id bl.ink adf.ly linktr.ee lnk.bio soo.gd qr.ae clck.ru vk.cc u.to"
)
# Where a member is led away from the server to be talked to.
CONTACTS: Final = words_of("t.me telegram.me telegram.dog wa.me")

# Country and generic endings that a host without "https://" may have; those that name files are left out.
ENDINGS: Final = words_of(
    "com net org info biz ru su xyz top site online store shop space club live link click gift gifts app"
    " pro fun win best icu cc co us uk de eu me gg tk ml ga cf gq pw ws tv io one lol wtf world today vip"
    " trade bet casino finance network digital website monster cam asia academy support host help rocks"
    " party promo bid market money cloud download tech life press uno plus dev ca fr nl pl br in"
)

# Endings that cost next to nothing, which those who lose their domains every week prefer.
CHEAP: Final = words_of(
    "ru su xyz top gift gifts tk ml ga cf gq pw icu click link site online store space fun club win live"
    " cc lol monster cam asia promo bid best rocks website rest cfd sbs buzz quest"
)

# The imitated services' own domains.
SERVICES: Final = words_of(
    "discord.com discordapp.com discordapp.net discord.gg discord.gift discord.gifts discord.new"
    " discord.dev discord.media discord.co discord.design discord.tools discordstatus.com discordmerch.com"
    " dis.gd steamcommunity.com steampowered.com steamgames.com steamstatic.com steamusercontent.com"
    " steam.tv s.team roblox.com rbxcdn.com epicgames.com fortnite.com minecraft.net hypixel.net twitch.tv"
    " playvalorant.com paypal.com paypal.me paypalobjects.com telegram.org whatsapp.com instagram.com"
    " facebook.com youtube.com youtu.be netflix.com spotify.com binance.com coinbase.com metamask.io"
    " opensea.io walletconnect.com layerzero.network microsoft.com github.com githubusercontent.com"
    " github.blog githubstatus.com mee6.xyz dyno.gg counter-strike.net pubg.com amazon.com google.com"
    " google.de google.co.uk google.fr google.it google.es google.nl google.pl google.be google.at"
    " google.ch google.se google.ca google.co.in google.co.jp google.com.au google.co.nz google.com.br"
    " google.ru google.dk google.fi google.no amazon.fr amazon.it amazon.es amazon.nl amazon.ca"
    " amazon.co.jp amazon.com.au amazon.in amazon.de amazon.co.uk"
)
# Those and other sites people link to every day.
KNOWN: Final = SERVICES | words_of(
    # what others made for Discord
    " s discordjs.guide discordjs.dev discord.js.org discord.id discord.me discords.com discordlookup.com"
    " discordbotlist.com discordservers.com discordtemplates.me discord.bots.gg discohook.app"
    " discohook.org discadia.com disboard.org top.gg dsc.gg carl.gg yagpdb.xyz arcane.bot wick.bot"
    " wickbot.com ticket.tools dankmemer.lol probot.io statbot.net tatsu.gg mudae.net blox.link rover.link"
    " nekotina.com jockiemusic.com betterdiscord.app vencord.dev disnake.dev pycord.dev nextcord.dev"
    " sapphirejs.dev"
    # games, shops, launchers
    " steamcdn-a.akamaihd.net steamdb.info steamcharts.com steamgriddb.com steamladder.com"
    " valvesoftware.com dota2.com teamfortress.com rolimons.com unrealengine.com fortnitetracker.com"
    " gog.com humblebundle.com isthereanydeal.com protondb.com pcgamingwiki.com howlongtobeat.com"
    " nexusmods.com curseforge.com modrinth.com moddb.com minecraft.wiki mojang.com skyblock.net"
    " spigotmc.org papermc.io fabricmc.net minecraftforge.net neoforged.net planetminecraft.com namemc.com"
    " aternos.org battle.net blizzard.com riotgames.com leagueoflegends.com op.gg ea.com ubisoft.com"
    " rockstargames.com bethesda.net nintendo.com playstation.com xbox.com hoyoverse.com pokemon.com"
    " ign.com polygon.com kotaku.com faceit.com hltv.org warframe.com wowhead.com runescape.com"
    " terraria.org factorio.com rust.facepunch.com facepunch.com fextralife.com fandom.com speedrun.com"
    " itch.io csgostash.com buff.163.com skinport.com"
    # code, packages, documentation
    " ghcr.io gitlab.com bitbucket.org codeberg.org sr.ht gitea.com python.org pypi.org pythonhosted.org"
    " npmjs.com yarnpkg.com pnpm.io nodejs.org deno.com bun.sh crates.io rust-lang.org docs.rs golang.org"
    " go.dev pkg.go.dev ruby-lang.org rubygems.org packagist.org php.net nuget.org maven.org gradle.org"
    " kotlinlang.org java.com oracle.com openjdk.org scala-lang.org haskell.org lua.org perl.org"
    " cppreference.com llvm.org gcc.gnu.org gnu.org kernel.org debian.org ubuntu.com launchpad.net"
    " archlinux.org gentoo.org fedoraproject.org redhat.com opensuse.org linuxmint.com nixos.org"
    " alpinelinux.org kde.org gnome.org freedesktop.org mozilla.org mozilla.net w3.org w3schools.com"
    " whatwg.org ietf.org rfc-editor.org caniuse.com json.org json-schema.org stackoverflow.com"
    " stackexchange.com superuser.com serverfault.com askubuntu.com devdocs.io readthedocs.io"
    " sphinx-doc.org docker.com kubernetes.io helm.sh terraform.io hashicorp.com ansible.com jenkins.io"
    " travis-ci.org circleci.com postgresql.org mysql.com mariadb.org sqlite.org redis.io mongodb.com"
    " elastic.co grafana.com prometheus.io nginx.org apache.org eclipse.org jetbrains.com visualstudio.com"
    " vscode.dev vim.org neovim.io sublimetext.com reactjs.org react.dev vuejs.org angular.io svelte.dev"
    " nextjs.org nuxt.com vitejs.dev tailwindcss.com getbootstrap.com djangoproject.com"
    " palletsprojects.com fastapi.tiangolo.com rubyonrails.org laravel.com spring.io sqlalchemy.org"
    " numpy.org scipy.org pandas.pydata.org scikit-learn.org pytorch.org tensorflow.org huggingface.co"
    " kaggle.com arxiv.org openai.com anthropic.com ollama.com unity.com unity3d.com godotengine.org"
    " blender.org pygame.org love2d.org"
    # pasting, pictures, files, video, music
    " pastebin.com gist.github.com hastebin.com toptal.com dpaste.com dpaste.org paste.ee rentry.co"
    " controlc.com ideone.com termbin.com mystb.in sourceb.in carbon.now.sh jsfiddle.net codepen.io"
    " codesandbox.io replit.com glitch.com godbolt.org regex101.com imgur.com gyazo.com prnt.sc"
    " prntscr.com postimg.cc postimages.org ibb.co imgbb.com flickr.com giphy.com tenor.com catbox.moe"
    " streamable.com medal.tv ytimg.com twitchtracker.com vimeo.com dailymotion.com kick.com tiktok.com"
    " soundcloud.com bandcamp.com last.fm genius.com imdb.com crunchyroll.com myanimelist.net anilist.co"
    " mega.nz mediafire.com dropbox.com wetransfer.com box.com"
    # services, shops, news, social
    " bsky.app gstatic.com googleapis.com googleusercontent.com goo.gle android.com live.com office.com"
    " outlook.com azure.com windows.com bing.com msn.com apple.com icloud.com aws.amazon.com ebay.com"
    " etsy.com aliexpress.com stripe.com patreon.com ko-fi.com buymeacoffee.com opencollective.com"
    " gofundme.com kickstarter.com wikipedia.org wikimedia.org wiktionary.org wikidata.org archive.org"
    " archive.is reddit.com redd.it redditmedia.com twitter.com x.com twimg.com mastodon.social t.me"
    " linkedin.com pinterest.com quora.com medium.com substack.com dev.to hackernoon.com ycombinator.com"
    " slashdot.org lobste.rs lwn.net arstechnica.com theverge.com wired.com techcrunch.com bbc.co.uk"
    " bbc.com cnn.com nytimes.com theguardian.com reuters.com washingtonpost.com duckduckgo.com yahoo.com"
    " cloudflare.com digitalocean.com linode.com hetzner.com ovh.com heroku.com vercel.com netlify.com"
    " fly.io railway.app oracle.com ibm.com intel.com amd.com nvidia.com dell.com hp.com lenovo.com"
    " asus.com msi.com gigabyte.com logitech.com samsung.com sony.com adobe.com figma.com canva.com"
    " notion.so trello.com atlassian.com slack.com zoom.us obsidian.md speedtest.net virustotal.com"
    " haveibeenpwned.com letsencrypt.org bitwarden.com 1password.com proton.me protonmail.com signal.org"
    " torproject.org obsproject.com videolan.org vlc.de 7-zip.org audacityteam.org gimp.org inkscape.org"
    " krita.org libreoffice.org winehq.org virtualbox.org vmware.com putty.org winscp.net"
    " filezilla-project.org ethereum.org etherscan.io bitcoin.org coingecko.com"
    " coinmarketcap.com kraken.com uniswap.org deepl.com wolframalpha.com desmos.com geogebra.org"
    " khanacademy.org coursera.org udemy.com edx.org mit.edu stanford.edu freecodecamp.org codecademy.com"
    " leetcode.com codewars.com hackerrank.com adventofcode.com projecteuler.net xkcd.com strava.com"
    " openstreetmap.org home-assistant.io arduino.cc raspberrypi.com raspberrypi.org esphome.io ifixit.com"
    " thingiverse.com printables.com prusa3d.com example.com example.org example.net"
)
